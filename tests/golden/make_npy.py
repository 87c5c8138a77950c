#!/usr/bin/python3
"""Writes arrays as NumPy does, for tests/data/npy_test.cpp: run it from this folder. Element k of an array is k - 3 in its type."""
import io
import pathlib

import numpy as np

folder = pathlib.Path("npy")
folder.mkdir(exist_ok=True)


def array(dtype, shape=(2, 3)):
    return (np.arange(np.prod(shape, dtype=int)) - 3).astype(dtype).reshape(shape)


for code in ("<f4", ">f4", "<f8", ">f8", "<f2", ">f2", "|i1", "<i2", ">i2", "<i4", ">i4", "<i8", ">i8", "|u1", "<u2", "<u4", ">u4", "|b1"):
    name = code.replace("<", "little_").replace(">", "big_").replace("|", "")
    np.save(folder / f"{name}.npy", np.abs(array("f4")).astype(code) if "u" in code or "b" in code else array(code))
np.save(folder / "fortran.npy", np.asfortranarray(array("<i4", (2, 3, 4))))
np.save(folder / "scalar.npy", np.float64(0.1))
np.save(folder / "empty.npy", np.zeros((0, 3), "<f4"))
np.save(folder / "objects.npy", np.array([None, 1], dtype=object), allow_pickle=True)
np.save(folder / "fields.npy", np.zeros(2, [("a", "<f4"), ("b", "<i4")]))
np.save(folder / "complex.npy", np.zeros(2, "<c8"))
with open(folder / "version2.npy", "wb") as file:
    np.lib.format.write_array(file, array("<f4"), version=(2, 0))
np.savez(folder / "stored.npz", a=array("<f4"), b=array("<i8", (4,)))
np.savez_compressed(folder / "deflated.npz", a=array("<f4"), b=np.zeros((100, 100)))
