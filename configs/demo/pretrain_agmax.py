"""The demo's pre-training with AgMax; the same steps as without.

Ours:    see the report of `make demo`.
Run:     make demo
Control: --cfg-options model.agreement=none (two views, no agreement)
"""

_base_ = './pretrain_baseline.py'

model = dict(agreement=dict(type='agmax_mm.MutualInfoAgreement', loss_weight=1.0))
