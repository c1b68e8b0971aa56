"""Queries of modprobe: names, plans, symbols and the configuration."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from pymodutils.commands.modprobe.session import say
from pymodutils.depends import plan
from pymodutils.errors import ModutilsError
from pymodutils.names import stat

if TYPE_CHECKING:
    from pymodutils.commands.modprobe.session import Session
    from pymodutils.depends.resolve import Module


def answer(session: Session) -> int:
    """Answer the query and return the exit status."""
    arguments = session.arguments
    if arguments.shows_config:
        return configuration(session)
    if arguments.explains:
        return explained(session)
    show = symbols if arguments.shows_symbols else names
    return max([show(session, name) for name in arguments.names])


def names(session: Session, name: str) -> int:
    """Show the modules that ``name`` resolves to."""
    modules = session.found(name)
    for module in modules:
        say(module.name)
    return 0 if modules else 1


def symbols(session: Session, name: str) -> int:
    """Show the symbols that a module exports or imports."""
    from pymodutils.elf import crcs  # noqa: PLC0415 -- rarely needed

    path = _file(session, name)
    if not path:
        session.fatal(f"Module {name} not found.")
        return 1
    exported = not (session.arguments.show_modversions or session.arguments.dump_modversions)
    try:
        found = crcs.exported(path) if exported else crcs.needed(path)
    except ModutilsError as error:
        if error.why and session.arguments.says_why:
            session.log.error(error.why)
        what = "symbols" if exported else "modversions"
        session.fatal(f"could not get {what} of {name}: {os.strerror(error.errno)}")
        return 1
    for symbol, crc in found:
        say(f"0x{crc:08x}\t{symbol}")
    return 0


def _file(session: Session, name: str) -> str:
    """The file ``name`` or, unlike in kmod 34, that of the module ``name``; "" if there is none."""
    try:
        stat(name)
    except OSError:
        pass
    else:
        return name
    modules = session.resolver.lookup(name) if session.arguments.mended else []
    return session.resolver.path(modules[0]) if modules else ""


def configuration(session: Session) -> int:
    """Show the configuration and every alias in the indexes."""
    config, directory = session.resolver.config, session.resolver.directory
    if session.arguments.format_ == "json":
        from pymodutils.commands import output  # noqa: PLC0415 -- only when asked
        from pymodutils.commands.modprobe import explain  # noqa: PLC0415

        output.as_json(explain.configuration(config, directory))
        return 0
    from pymodutils.depends import dump  # noqa: PLC0415 -- only for -c

    lines = dump.lines(config, directory, blanks_lost=session.arguments.compat is not None)
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return 0


def explained(session: Session) -> int:
    """Show the steps and their reasons."""
    from pymodutils.commands import output  # noqa: PLC0415 -- only when asked
    from pymodutils.commands.modprobe import explain  # noqa: PLC0415

    documents = [_document(session, name) for name in session.arguments.names]
    if session.arguments.format_ == "json":
        for document in documents:
            output.as_json(document, lines=len(documents) > 1)
    else:
        sys.stdout.writelines(f"{line}\n" for line in explain.text(documents))
    return 0 if all(document["modules"] for document in documents) else 1


def _document(session: Session, name: str) -> dict[str, Any]:
    """The document for one name, see docs/json.md."""
    from pymodutils.commands.modprobe import explain  # noqa: PLC0415 -- only when asked
    from pymodutils.kernel import choose  # noqa: PLC0415

    arguments = session.arguments
    kernel = choose.kernel(arguments.root)
    explainer = explain.Explainer(session.resolver, kernel, ignore_loaded=arguments.mode.ignore_loaded)
    modules = session.found(name)
    if arguments.shows_names:
        told = [explainer.module(module) for module in modules]
    else:
        told = [explainer.plan(module, _plan(session, module)) for module in modules]
    return {"name": name, "modules": told}


def _plan(session: Session, module: Module) -> plan.Load | plan.Remove:
    if session.arguments.removes:
        return plan.remove(session.resolver, module, session.choices)
    return plan.load(session.resolver, module, session.arguments.parameters, session.choices)
