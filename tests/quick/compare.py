"""Telling two states of a system apart."""


def differences(a, b, where, names=("stock", "ours")):
    """Lines that tell two states apart."""
    for key in sorted(set(a) | set(b)):
        x, y = a.get(key), b.get(key)
        if isinstance(x, dict) and isinstance(y, dict):
            yield from differences(x, y, f"{where} {key}", names)
        elif x != y:
            x, y = x or [], y or []
            only = [f"{names[0]} only: {line}" for line in x if line not in y]
            only += [f"{names[1]} only: {line}" for line in y if line not in x]
            yield f"{where}: {key}: " + ("; ".join(only) or "another order")


def without(state, *keys):
    return {key: value for key, value in state.items() if key not in keys}
