import agmax_mm.detection.metrics  # noqa: F401
from agmax_mm.engine.hooks.run_record import _scores


def test_scores_are_those_of_the_history():
    history = [
        {'epoch': 1, 'iter': 5, 'accuracy/top1': 40.0, 'coco/bbox_mAP': None},
        {'epoch': 2, 'iter': 10, 'accuracy/top1': 60.0, 'coco/bbox_mAP': 0.2},
        {'epoch': 3, 'iter': 15, 'accuracy/top1': 50.0, 'coco/bbox_mAP': 0.1},
    ]
    assert _scores(history) == {
        'last': history[2],
        'best': {
            'accuracy/top1': {'value': 60.0, 'epoch': 2, 'iter': 10},
            'coco/bbox_mAP': {'value': 0.2, 'epoch': 2, 'iter': 10},
        },
    }
    assert _scores(history[:1])['best'] == {'accuracy/top1': {'value': 40.0, 'epoch': 1, 'iter': 5}}
    assert _scores([]) == {'last': {}, 'best': {}}


def test_recipes_are_named_by_their_place_below_configs():
    from types import SimpleNamespace

    from agmax_mm.engine.hooks.run_record import _recipe

    def named(filename):
        return _recipe(SimpleNamespace(cfg=SimpleNamespace(filename=filename), experiment_name='x'))

    assert named('configs/agmax/a.py') == named('/home/me/configs/here/configs/agmax/a.py') == 'agmax/a.py'
    assert named('/tmp/mine.py') == 'mine.py'
    assert named(None) == 'x'


def test_a_validation_behind_its_checkpoint_is_told_apart():
    """The checkpoint of step 8 knows the first epoch's; the folder also has its own, and one behind it."""
    from types import SimpleNamespace

    from agmax_mm.engine.hooks import RunRecordHook

    first, own, later = ({'epoch': n, 'iter': 4 * n, 'accuracy/top1': 10.0 * n} for n in (1, 2, 3))
    run = {'setup_sha256': 'a', 'seed': 1}
    folder = {**run, 'history': {'val': [first, own, later]}}

    def resumed(known, folder):
        hook = RunRecordHook()
        hook.record = {**run, 'history': {}, 'processes': []}
        hook._resumed = {'history': {'val': known}, 'values': {}}
        hook._continue(folder, SimpleNamespace(iter=8))
        return hook.record['history']['val'], hook.validated_since

    assert resumed([first], folder) == ([first, own], [own])
    # The best checkpoint is written behind its validation.
    assert resumed([first, own], folder) == ([first, own], [])
    assert resumed([first], {**folder, 'seed': 2}) == ([first], [])
