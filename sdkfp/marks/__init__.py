"""Rename-proof marks: SDKs are known by what no shrinker renames.

R8 and ProGuard rename, move, merge and inline classes, but they leave string constants and references to the framework as
they are. The marks of an SDK are 64-bit hashes of those, learned from its artifacts (:mod:`~sdkfp.marks.learn`), kept in
``<id>.marks`` (:mod:`~sdkfp.marks.format`), joined in one index (:mod:`~sdkfp.marks.index`) and looked for in the classes of
an app (:mod:`~sdkfp.marks.observe`, :mod:`~sdkfp.marks.match`, :mod:`~sdkfp.marks.versions`, :mod:`~sdkfp.marks.attribute`).
"""
