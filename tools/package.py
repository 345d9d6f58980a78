#!/usr/bin/python3
"""`./dev package`: a Debian package of the program, its service, manual pages and completion.

    tools/package.py BUILD [DIRECTORY]

BUILD is a finished build; writes DIRECTORY/peal_VERSION_ARCHITECTURE.deb (default: BUILD/package) and prints its name.
"""
import gzip
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy" / "debian"


def output_of(*command, **options):
    return subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, text=True, check=True, **options).stdout.strip()


def version_of(program):
    return output_of(program, "version").split()[-1]


def changed_at():
    """When the sources were committed, or written: so the same sources make the same package."""
    try:
        return int(output_of("git", "log", "-1", "--format=%ct", cwd=ROOT, stderr=subprocess.DEVNULL))
    except (subprocess.CalledProcessError, FileNotFoundError):
        return int((ROOT / "CMakeLists.txt").stat().st_mtime)


def compress(path, time_stamp):
    with open(f"{path}.gz", "wb") as raw, gzip.GzipFile("", "wb", 9, raw, time_stamp) as file:
        file.write(path.read_bytes())
    path.unlink()


def stage_program(build, stage):
    output_of("cmake", "--install", build, "--prefix", "/usr", "--component", "program", env={**os.environ, "DESTDIR": str(stage)})
    output_of("strip", "--strip-unneeded", stage / "usr/bin/peal")


def stage_documents(build, stage, time_stamp):
    with tempfile.TemporaryDirectory() as made:
        made = pathlib.Path(made)
        date = time.strftime("%Y-%m-%d", time.gmtime(time_stamp))
        output_of(sys.executable, "-B", ROOT / "tools/manual.py", build / "peal", made, "--date", date)
        for origin, place in (("man1", "usr/share/man/man1"), ("bash", "usr/share/bash-completion/completions"),
                              ("zsh", "usr/share/zsh/vendor-completions")):
            shutil.copytree(made / origin, stage / place)
    for manual in sorted((stage / "usr/share/man/man1").iterdir()):
        compress(manual, time_stamp)
    documents = stage / "usr/share/doc/peal"
    shutil.copytree(ROOT / "docs/guide", documents / "guide")
    shutil.copytree(ROOT / "docs/reference", documents / "reference")
    shutil.copy(ROOT / "LICENSE", documents / "copyright")


def depends_of(program):
    """The packages of the shared libraries that the program needs."""
    with tempfile.TemporaryDirectory() as made:
        control = pathlib.Path(made) / "debian" / "control"
        control.parent.mkdir()
        control.write_text("Source: peal\n\nPackage: peal\nArchitecture: any\n", encoding="utf-8")
        line = output_of("dpkg-shlibdeps", "-O", program, cwd=made, stderr=subprocess.DEVNULL)
    return line.removeprefix("shlibs:Depends=")


def write_control(stage, version, architecture):
    directory = stage / "DEBIAN"
    directory.mkdir()
    size = sum(path.lstat().st_size for path in stage.rglob("*")) // 1024
    values = {"version": version, "architecture": architecture, "size": str(size), "depends": depends_of(stage / "usr/bin/peal")}
    text = (DEPLOY / "control.in").read_text(encoding="utf-8")
    (directory / "control").write_text(re.sub(r"@(\w+)@", lambda name: values[name[1]], text), encoding="utf-8")
    (directory / "conffiles").write_text("/etc/peal/peal.toml\n", encoding="utf-8")
    for script in ("postinst", "prerm", "postrm"):
        shutil.copy(DEPLOY / script, directory / script)
        (directory / script).chmod(0o755)


def make_package(build, directory):
    time_stamp = changed_at()
    with tempfile.TemporaryDirectory() as made:
        stage = pathlib.Path(made) / "stage"
        stage.mkdir(mode=0o755)
        stage_program(build, stage)
        stage_documents(build, stage, time_stamp)
        version, architecture = version_of(build / "peal"), output_of("dpkg", "--print-architecture")
        write_control(stage, version, architecture)
        output_of("chmod", "-R", "u=rwX,go=rX", stage)
        directory.mkdir(parents=True, exist_ok=True)
        package = directory / f"peal_{version}_{architecture}.deb"
        output_of("dpkg-deb", "--root-owner-group", "--build", stage, package,
                  env={**os.environ, "SOURCE_DATE_EPOCH": str(time_stamp)})
    return package


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    print(make_package(build, pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else build / "package"))


if __name__ == "__main__":
    main()
