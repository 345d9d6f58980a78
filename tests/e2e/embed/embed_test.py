#!/usr/bin/python3
"""A project outside of the tree embeds the broker: install, find_package(Peal), build the example, run it until it speaks, stop it."""
import argparse
import pathlib
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
EXAMPLE = HERE.parents[2] / "examples" / "embedded_broker.cpp"


def build_outside(options, folder):
    """The example, built by a project that knows only the install prefix."""
    prefix, build = folder / "prefix", folder / "build"
    subprocess.run([options.cmake, "--install", options.build, "--component", "sdk", "--prefix", prefix],
                   check=True, stdout=subprocess.DEVNULL)
    subprocess.run([options.cmake, "-S", HERE / "project", "-B", build, "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={prefix}",
                    f"-DCMAKE_CXX_COMPILER={options.compiler}", f"-DPEAL_EXAMPLE={EXAMPLE}", "-DCMAKE_BUILD_TYPE=Release"], check=True)
    subprocess.run([options.cmake, "--build", build], check=True)
    return build / "embedded_broker"


def main():
    parser = argparse.ArgumentParser()
    for name in ("cmake", "build", "compiler"):
        parser.add_argument(f"--{name}", required=True)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        program = build_outside(options, pathlib.Path(folder))
        with subprocess.Popen([program], cwd=folder, stdout=subprocess.PIPE, text=True) as example:
            first = example.stdout.readline()
            example.terminate()
            rest = example.stdout.read()
            status = example.wait(timeout=30)
    print(first + rest)
    assert first.strip(), "the example printed nothing"
    assert status == 0, f"the example ended with {status}"


if __name__ == "__main__":
    main()
