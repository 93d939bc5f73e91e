"""Stand-ins for mmcv's compiled operators, made of torchvision's: detection without a compiler, on CPUs and GPUs.

``mmcv.ops`` asks the module ``mmcv._ext`` for named functions. Where mmcv was installed without that module,
:mod:`agmax_mm.operators.finder` answers the import with functions of the same names and arguments from this package.
Where mmcv has its own compiled module, that one is imported and nothing here is loaded.

These operators have a stand-in: ``nms``, ``softnms`` and ``nms_match`` (so ``batched_nms``, too), ``roi_align``
(average), ``roi_pool``, ``deform_conv``, ``modulated_deform_conv``, ``sigmoid_focal_loss`` and ``softmax_focal_loss``.
Every other operator raises a ``ValueError`` that names it when it is called, and says how to compile it.
"""
