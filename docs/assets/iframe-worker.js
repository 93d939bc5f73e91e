// The search runs in a worker, which a browser does not start for a page from disk. There the worker's script runs in a
// hidden frame instead. The theme looks for the name IFrameWorker to know where its scripts are.
'use strict';

if (location.protocol === 'file:') {
  window.IFrameWorker = class extends EventTarget {
    constructor(url) {
      super();
      this.frame = document.createElement('iframe');
      this.frame.hidden = true;
      document.body.append(this.frame);
      const inside = this.frame.contentWindow;
      this.ready = new Promise((done) => {
        const load = (address) => new Promise((loaded, failed) => {
          const script = inside.document.createElement('script');
          script.src = address;
          script.onload = loaded;
          script.onerror = failed;
          inside.document.body.append(script);
        });
        inside.postMessage = (data) => this.dispatchEvent(new MessageEvent('message', { data }));
        inside.importScripts = async (...addresses) => {
          for (const address of addresses) await load(address);
        };
        load(new URL(url, document.baseURI).href).then(done);
      });
    }

    postMessage(data) {
      this.ready.then(() => this.frame.contentWindow.dispatchEvent(new MessageEvent('message', { data })));
    }

    terminate() {
      this.frame.remove();
    }
  };
  window.Worker = window.IFrameWorker;
}
