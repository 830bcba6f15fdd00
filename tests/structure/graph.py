"""Which file uses functions of which, and the circles in that graph."""

import re

from sources import code, unit


def calls(paths, functions):
    """unit -> unit -> names used. A .c file and its header are one unit, what the header declares
    for others counts; static functions stay at home."""
    home = {f.name: unit(f.path) for f in functions if not f.is_static}
    edges = {unit(path): {} for path in paths}
    # A member's name (after . or ->) is no use of a function.
    word = re.compile(r"(?<![\w.>])[A-Za-z_]\w*")
    for path in paths:
        statics = {f.name for f in functions if f.path == path and f.is_static}
        for name in set(word.findall(code(path))) - statics:
            target = home.get(name)
            if target and target != unit(path):
                edges[unit(path)].setdefault(target, set()).add(name)
    return edges


def circles(edges):
    """Strongly connected components of more than one node (Tarjan), without recursion."""
    index, low, stack, on_stack, found = {}, {}, [], set(), []
    for root in edges:
        if root in index:
            continue
        work = [(root, iter(edges[root]))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        while work:
            node, following = work[-1]
            target = next(following, None)
            if target is None:
                work.pop()
                if work:
                    parent = work[-1][0]
                    low[parent] = min(low[parent], low[node])
                if low[node] == index[node]:
                    component = take(stack, on_stack, node)
                    if len(component) > 1:
                        found.append(sorted(component))
            elif target not in index:
                index[target] = low[target] = len(index)
                stack.append(target)
                on_stack.add(target)
                work.append((target, iter(edges[target])))
            elif target in on_stack:
                low[node] = min(low[node], index[target])
    return found


def take(stack, on_stack, node):
    component = []
    while True:
        component.append(stack.pop())
        on_stack.discard(component[-1])
        if component[-1] == node:
            return component
