"""AgMax by mean squared error on WRN-40-2 with the standard augmentation, CIFAR-100, 200 epochs.

Paper:   Atienza, WACV 2022, Table 7, Standard with AgMax by MSE: 77.5 top-1 (77.4 with mutual information, 76.9
         without).
Ours:    not run.
Run:     python tools/train.py configs/agmax/wrn40-2_standard_200e_cifar100_mse.py
Control: --cfg-options model.agreement=none (two views, no agreement)
Made by: tools/make_recipes.py
"""

_base_ = './wrn40-2_standard_200e_cifar100.py'

paper = [dict(table=7, row='Standard', column='MSE', metric='accuracy/top1', value=77.5)]

model = dict(agreement=dict(_delete_=True, type='agmax_mm.MSEAgreement', loss_weight=1.0))
