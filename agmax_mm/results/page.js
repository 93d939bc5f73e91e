// Tables that are sorted by a click on a column's head and filtered by the words in the field above them.
'use strict';

function sortKey(text) {
  const number = text.trim().replace(/\u2212/g, '-').match(/^[+-]?\d[\d,]*(\.\d+)?(e[+-]?\d+)?/i);
  return number ? Number(number[0].replace(/,/g, '')) : null;
}

// Numbers in their order, then text; what is missing comes last either way.
function compare(one, other, sign) {
  const missing = [one, other].map((text) => text.trim() === '\u2013' || text.trim() === '');
  if (missing[0] || missing[1]) return missing[0] - missing[1];
  const keys = [sortKey(one), sortKey(other)];
  if (keys[0] !== null && keys[1] !== null && keys[0] !== keys[1]) return sign * (keys[0] - keys[1]);
  if ((keys[0] === null) !== (keys[1] === null)) return keys[0] === null ? 1 : -1;
  return sign * one.localeCompare(other, undefined, { numeric: true });
}

function sortBy(table, column) {
  const heads = [...table.tHead.rows[0].cells];
  const sign = heads[column].getAttribute('aria-sort') === 'ascending' ? -1 : 1;
  heads.forEach((head) => head.removeAttribute('aria-sort'));
  heads[column].setAttribute('aria-sort', sign === 1 ? 'ascending' : 'descending');
  const rows = [...table.tBodies[0].rows];
  const text = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent;
  rows.sort((one, other) => compare(text(one), text(other), sign));
  table.tBodies[0].append(...rows);
}

function filterBy(table, words, note) {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const row of table.tBodies[0].rows) {
    const text = row.textContent.toLowerCase();
    row.hidden = !wanted.every((word) => text.includes(word));
    shown += !row.hidden;
  }
  note.textContent = shown === table.tBodies[0].rows.length ? '' : `${shown} of ${table.tBodies[0].rows.length} rows`;
}

for (const table of document.querySelectorAll('table')) {
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = head.textContent;
    button.title = 'sort';
    button.addEventListener('click', () => sortBy(table, column));
    head.replaceChildren(button);
  });
  if (table.tBodies[0].rows.length > 5) {
    const field = document.createElement('input');
    const note = document.createElement('span');
    field.type = 'search';
    field.className = 'filter';
    field.placeholder = 'filter rows';
    field.setAttribute('aria-label', 'filter rows');
    note.className = 'none';
    note.setAttribute('role', 'status');
    field.addEventListener('input', () => filterBy(table, field.value, note));
    table.before(field, ' ', note);
  }
}
