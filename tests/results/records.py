"""What a run leaves behind, made up."""


def record(config='wrn.py', status='completed', last=90.0, best=91.5, seed=0, backbone=None):
    return {
        'config': config,
        'status': status,
        'seed': seed,
        'device': 'cpu: test',
        'package_version': '0.1.0',
        'versions': {'torch': '2.12.1'},
        'wall_time_s': 125.2,
        'peak_memory_mb': 812.4,
        'iterations': 20,
        'paper': {'table': 1, 'row': 'x', 'metric': 'accuracy/top1', 'value': 77.4},
        'backbone': backbone,
        'scores': {
            'last': {'epoch': 2, 'iter': 20, 'accuracy/top1': last},
            'best': {'accuracy/top1': {'value': best, 'epoch': 1, 'iter': 10}},
        },
        'history': {
            'train': [{'iter': 10, 'loss': 2.0}, {'iter': 20, 'loss': 1.0}],
            'val': [
                {'epoch': 1, 'iter': 10, 'accuracy/top1': best},
                {'epoch': 2, 'iter': 20, 'accuracy/top1': last},
            ],
        },
    }
