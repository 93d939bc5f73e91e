"""Checks of an environment. Each finds one kind of fault and the command that fixes it, from a description."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from agmax_mm.doctor.environment import Environment, release
from agmax_mm.findings import Finding
from agmax_mm.multimodal import TOO_NEW

# The set that was tested together.
TESTED = {
    'torch': '2.14.1',
    'torchvision': '0.29.1',
    'numpy': '2.4.6',
    'opencv-python': '4.11.0.86',
    'onedl-mmengine': '0.10.12',
    'onedl-mmcv': '2.3.6',
    'onedl-mmpretrain': '1.3.6',
    'onedl-mmdetection': '3.5.1',
    'imagecorruptions-imaug': '1.1.5',
    'timm': '1.0.31',
    'simplejpeg': '1.9.0',
}
# Distributions whose modules have the names of the maintained ones.
ORIGINALS = {
    'mmengine': 'onedl-mmengine',
    'mmengine-lite': 'onedl-mmengine',
    'mmcv': 'onedl-mmcv',
    'mmcv-full': 'onedl-mmcv',
    'mmcv-lite': 'onedl-mmcv',
    'mmdet': 'onedl-mmdetection',
    'mmpretrain': 'onedl-mmpretrain',
}
CLASSIFICATION = ('torch', 'torchvision', 'numpy', 'cv2', 'mmengine', 'mmcv', 'mmpretrain')
DETECTION = (*CLASSIFICATION, 'operators', 'mmdet')
# What setup.py allows.
OLDEST_PYTHON, PYTHON_BOUND = (3, 10), (3, 14)
OLDEST_TORCH, TORCH_BOUND = (2, 6), (2, 15)
REINSTALL = '--force-reinstall --no-deps'


def pinned(*names: str) -> str:
    """Return ``name==version`` of the tested set for each name."""
    return ' '.join(f'{name}=={TESTED[name]}' for name in names)


def _pip(env: Environment, arguments: str) -> str:
    return f'{env.command} -m pip {arguments}'


def _install(env: Environment, arguments: str) -> str:
    return _pip(env, f'install {arguments}')


def mmcv_command(env: Environment) -> str:
    """Return the command that installs mmcv without compiled operators, so that the stand-ins take their place."""
    # pip's cache may hold one that was compiled for another torch.
    return _install(env, f'--no-cache-dir {REINSTALL} {pinned("onedl-mmcv")}')


def _versions(oldest: tuple[int, ...], bound: tuple[int, ...]) -> str:
    return f'>={".".join(map(str, oldest))},<{".".join(map(str, bound))}'


def check_python(env: Environment) -> Iterator[Finding]:
    """Python is one that the package allows."""
    if not OLDEST_PYTHON <= env.python < PYTHON_BOUND:
        expected = _versions(OLDEST_PYTHON, PYTHON_BOUND)
        problem = f'Python {env.python[0]}.{env.python[1]}: expected {expected}; 3.11 is tested most'
        yield Finding('error', problem, 'make install', tuple(env.probes))


def check_missing(env: Environment) -> Iterator[Finding]:
    """All distributions of the classification tier are installed."""
    needed = ['torch', 'torchvision', 'numpy', 'onedl-mmengine', 'onedl-mmcv', 'onedl-mmpretrain', 'timm', 'simplejpeg']
    if not any(name.startswith('opencv-') for name in env.distributions):
        needed.append('opencv-python')
    replaced = {ORIGINALS[name] for name in env.distributions if name in ORIGINALS}
    missing = [name for name in needed if name not in env.distributions and name not in replaced]
    if missing:
        fix = _install(env, pinned(*missing))
        # What is there may fail for the lack of what is not.
        yield Finding('error', f'not installed: {", ".join(missing)}', fix, tuple(env.probes))


def check_torch(env: Environment) -> Iterator[Finding]:
    """Torch can be imported and is one that the package allows."""
    version = env.version('torch')
    if version is None:
        return
    named, expected = f'torch {env.distributions["torch"]}', _versions(OLDEST_TORCH, TORCH_BOUND)
    fix = _install(env, pinned('torch', 'torchvision'))
    if version < OLDEST_TORCH:
        yield Finding('error', f'{named} is too old: expected {expected}', fix, tuple(env.probes))
    elif not env.works('torch'):
        force = _install(env, f'{REINSTALL} {pinned("torch", "torchvision")}')
        yield Finding('error', f'{named} does not import: {env.error("torch")}', force, tuple(env.probes))
    elif version >= TORCH_BOUND:
        yield Finding('warning', f'{named} is newer than tested: expected {expected}', fix)


def check_torchvision(env: Environment) -> Iterator[Finding]:
    """Torchvision belongs to this torch: torch 2.N goes with torchvision 0.(N+15)."""
    torch, vision = env.version('torch'), env.version('torchvision')
    if torch is None or vision is None:
        return
    explains = ('torchvision', 'mmpretrain', 'operators', 'mmdet')
    if torch[0] == 2 and vision[:2] != (0, torch[1] + 15):
        pair = f'torchvision {env.distributions["torchvision"]} does not go with torch {env.distributions["torch"]}'
        problem = f'{pair}: expected torchvision 0.{torch[1] + 15}'
        yield Finding('error', problem, _install(env, pinned('torch', 'torchvision')), explains)
    elif env.works('torch') and not env.works('torchvision'):
        fix = _install(env, f'{REINSTALL} {pinned("torch", "torchvision")}')
        yield Finding('error', f'torchvision does not work: {env.error("torchvision")}', fix, explains)


def check_originals(env: Environment) -> Iterator[Finding]:
    """None of the unmaintained distributions is there, whose files overwrite those of the maintained ones."""
    found = [name for name in ORIGINALS if name in env.distributions]
    if not found:
        return
    detection = 'onedl-mmdetection' in env.distributions or 'mmdet' in found
    wanted = ['onedl-mmengine', 'onedl-mmpretrain', *(['onedl-mmdetection'] if detection else [])]
    steps = [_pip(env, f'uninstall -y {" ".join(found)}'), _install(env, f'{REINSTALL} {pinned(*wanted)}')]
    steps.append(mmcv_command(env))
    listed = ', '.join(f'{name} {env.distributions[name]}' for name in found)
    beside = [ORIGINALS[name] for name in found if ORIGINALS[name] in env.distributions]
    how = (
        f'mixed with {", ".join(beside)}, whose files they overwrite' if beside else 'in the place of the onedl-* ones'
    )
    explains = ('mmengine', 'mmcv', 'mmpretrain', 'operators', 'mmdet')
    yield Finding('error', f'original distributions ({listed}) are installed, {how}', ' && '.join(steps), explains)


def check_cv2(env: Environment) -> Iterator[Finding]:
    """One build of OpenCV is imported, and it needs no library that the machine lacks."""
    wheels = {name: version for name, version in env.distributions.items() if name.startswith('opencv-')}
    error = env.error('cv2')
    if not wheels:
        return
    version = min(wheels.values(), key=release)
    # The headless build goes last: it needs no libGL.so.1, and both write the folder cv2.
    headless = _install(env, f'{REINSTALL} opencv-python-headless=={version}')
    explains = ('cv2', 'mmcv', *DETECTION[-3:])
    listed = ' and '.join(f'{name} {number}' for name, number in sorted(wheels.items()))
    if len(set(wheels.values())) > 1:
        rest = ' '.join(f'{name}=={version}' for name in sorted(wheels) if name != 'opencv-python-headless')
        fix = f'{_install(env, "--no-deps " + rest)} && {headless}'
        yield Finding('error', f'{listed} both write the folder cv2 and differ', fix, explains)
    elif 'libGL' in error or 'libgthread' in error or 'libglib' in error:
        yield Finding('error', f'OpenCV needs a desktop library that is missing here: {error}', headless, explains)
    elif len(wheels) > 1 and env.works('cv2'):
        yield Finding('note', f'{listed} both write the folder cv2: harmless, since the versions agree')
    elif error and 'numpy' not in error.lower():
        yield Finding('error', f'OpenCV does not import: {error}', headless, explains)


def check_numpy(env: Environment) -> Iterator[Finding]:
    """Numpy is one that the compiled libraries were built for."""
    version = env.version('numpy')
    fix = _install(env, pinned('numpy'))
    blamed = tuple(name for name, probe in env.probes.items() if not probe.ok and 'numpy' in probe.error.lower())
    if version is None:
        return
    if blamed:
        problem = f'numpy {env.distributions["numpy"]} does not go with {blamed[0]}: {env.error(blamed[0])}'
        yield Finding('error', problem, fix, DETECTION[2:])
        return
    wheels = [name for name in env.distributions if name.startswith('opencv-')]
    strict = [name for name in wheels if (4, 12) <= release(env.distributions[name]) < (4, 13)]
    if version >= (2, 5):
        yield Finding('warning', f'numpy {env.distributions["numpy"]} is newer than tested: expected <2.5', fix)
    elif version >= (2, 3) and strict:
        trio = ' '.join([pinned('numpy'), *(f'{name}=={TESTED["opencv-python"]}' for name in sorted(wheels))])
        both = f'numpy {env.distributions["numpy"]} and {strict[0]} {env.distributions[strict[0]]}'
        yield Finding('warning', f'{both} exclude each other (opencv 4.12 asks for numpy<2.3)', _install(env, trio))


def check_operators(env: Environment) -> Iterator[Finding]:
    """The operators of detection load and compute what they should, whether compiled with mmcv or stand-ins."""
    if 'onedl-mmdetection' not in env.distributions or env.works('operators'):
        return
    if not env.works('torch', 'torchvision', 'mmcv'):
        return  # another check has the cause
    error = env.error('operators')
    if 'undefined symbol' in error or 'crashed' in error or 'cannot open shared object' in error:
        problem = f"mmcv's operators were compiled for another torch: {error}"
    else:
        problem = f"mmcv's operators do not work: {error}"
    yield Finding('error', problem, mmcv_command(env), ('operators', 'mmdet'))


def check_gpu(env: Environment) -> Iterator[Finding]:
    """The operators run on a GPU if torch sees one."""
    if (
        env.works('torch', 'operators')
        and env.probes['torch'].facts.get('gpu')
        and not env.probes['operators'].facts.get('cuda')
    ):
        problem = "torch sees a GPU, but mmcv's operators were compiled for the CPU alone; torchvision's run on both"
        yield Finding('warning', problem, mmcv_command(env))


def check_corruptions(env: Environment) -> Iterator[Finding]:
    """At most one distribution provides the module ``imagecorruptions``, and not the one that no longer runs."""
    if 'imagecorruptions' in env.distributions:
        fresh = 'imagecorruptions-imaug'
        both = (
            f' and {fresh} both write the folder imagecorruptions' if fresh in env.distributions else ' no longer runs'
        )
        fix = f'{_pip(env, "uninstall -y imagecorruptions")} && {_install(env, f"{REINSTALL} {pinned(fresh)}")}'
        yield Finding('error', f'imagecorruptions{both}', fix)


def check_transformers(env: Environment) -> Iterator[Finding]:
    """Transformers, if there, is old enough for the multimodal models of mmpretrain."""
    version = env.version('transformers')
    if version and version >= (TOO_NEW,) and 'pycocotools' in env.distributions:
        problem = (
            f"transformers {env.distributions['transformers']} is too new for mmpretrain's multimodal models, which "
            f'are left out: expected <{TOO_NEW}'
        )
        yield Finding('warning', problem, _install(env, f"'transformers>=4.53,<{TOO_NEW}'"))


# Causes before their effects. The version of Python goes before all of them: with a wrong one nothing else matters.
CHECKS: tuple[Callable[[Environment], Iterator[Finding]], ...] = (
    check_missing,
    check_torch,
    check_torchvision,
    check_numpy,
    check_cv2,
    check_originals,
    check_operators,
    check_gpu,
    check_corruptions,
    check_transformers,
)
DISTRIBUTION_OF = {
    'cv2': 'opencv-python',
    'mmengine': 'onedl-mmengine',
    'mmcv': 'onedl-mmcv',
    'mmpretrain': 'onedl-mmpretrain',
    'mmdet': 'onedl-mmdetection',
}
