from agmax_mm.engine.hooks.run_record import _scores


def test_scores_are_those_of_the_history():
    history = [
        {'epoch': 1, 'iter': 5, 'top1': 40.0, 'ap': None},
        {'epoch': 2, 'iter': 10, 'top1': 60.0, 'ap': 0.2},
        {'epoch': 3, 'iter': 15, 'top1': 50.0, 'ap': 0.1},
    ]
    assert _scores(history) == {
        'last': history[2],
        'best': {'top1': {'value': 60.0, 'epoch': 2, 'iter': 10}, 'ap': {'value': 0.2, 'epoch': 2, 'iter': 10}},
    }
    assert _scores(history[:1])['best'] == {'top1': {'value': 40.0, 'epoch': 1, 'iter': 5}}
    assert _scores([]) == {'last': {}, 'best': {}}
