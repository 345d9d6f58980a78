"""Who may do what, said again in a few lines: what arrives at a real server is compared with it.

A rule is (effect, action, pattern): "allow" or "deny"; "publish", "subscribe" or "all"; a Topic
Filter in which %u and %c stand for the user and the Client Identifier. A name that is no plain
level of a topic fits no allow rule that asks for it, and every deny rule.
"""

import fnmatch


def is_odd(name):
    return not name or name.startswith("$") or any(c in name for c in "+#/\0")


def matches(topic_filter, topic):
    """Whether `topic` is one of the filter's. (MQTT 5 section 4.7)"""
    wanted, levels = topic_filter.split("/"), topic.split("/")
    if topic.startswith("$") and wanted[0] in ("+", "#"):
        return False
    for at, level in enumerate(wanted):
        if level == "#":
            return True
        if at == len(levels) or level not in ("+", levels[at]):
            return False
    return len(wanted) == len(levels)


def covers(pattern, topic_filter):
    """Whether every topic of `topic_filter` is one of the pattern's."""
    wide, narrow = pattern.split("/"), topic_filter.split("/")
    if narrow[0].startswith("$") and wide[0] in ("+", "#"):
        return False
    for at, level in enumerate(wide):
        if level == "#":
            return True
        if at == len(narrow) or narrow[at] == "#":
            # "+/#" is every topic, as "#" is; "/#" has two levels, for no topic is empty.
            return at == 0 and wide == ["+", "#"] and narrow == ["#"] or \
                at == 1 and wide[1:] == ["#"] and narrow == ["", "#"]
        if level != "+" and level != narrow[at]:
            return False
    return len(wide) == len(narrow)


def without_share(topic_filter):
    return topic_filter.split("/", 2)[2] if topic_filter.startswith("$share/") else topic_filter


class Model:
    """`roles` are (name, users, rules); in `users` a * stands for any text."""

    def __init__(self, roles, anonymous="anonymous"):
        self.roles, self.anonymous = roles, anonymous

    def toml(self):
        text = ""
        for name, users, rules in self.roles:
            lists = {effect: ", ".join(f"{{ {action} = {quoted(pattern)} }}" for e, action, pattern in rules
                                       if e == effect) for effect in ("allow", "deny")}
            text += f"[[role]]\nname = {quoted(name)}\nusers = [{', '.join(map(quoted, users))}]\n"
            text += "".join(f"{effect} = [{rules}]\n" for effect, rules in lists.items())
        return text

    def patterns(self, user, client_id, effect, action):
        """The patterns of these rules with the names put in; an odd name is any level or nobody's."""
        name = self.anonymous if user is None else user
        known = user or ""
        for _, users, rules in self.roles:
            if not any(fnmatch.fnmatchcase(name, glob.replace("[", "[[]").replace("?", "[?]")) for glob in users):
                continue
            for rule_effect, rule_action, pattern in rules:
                if rule_effect != effect or rule_action not in (action, "all"):
                    continue
                asked = [n for v, n in (("%u", known), ("%c", client_id)) if v in pattern]
                if not any(map(is_odd, asked)):
                    yield pattern.replace("%u", "\1").replace("%c", client_id).replace("\1", known)
                elif effect == "deny":
                    yield "/".join("+" if "%u" in level and is_odd(known) or "%c" in level and is_odd(client_id)
                                   else level.replace("%u", known).replace("%c", client_id)
                                   for level in pattern.split("/"))

    def may(self, user, client_id, action, topic):
        def some(effect):
            return any(matches(p, topic) for p in self.patterns(user, client_id, effect, action))
        return some("allow") and not some("deny")

    def may_publish(self, user, client_id, topic):
        return not topic.startswith("$") and self.may(user, client_id, "publish", topic)

    def may_receive(self, user, client_id, topic):
        return self.may(user, client_id, "subscribe", topic)

    def may_subscribe(self, user, client_id, topic_filter):
        wanted = without_share(topic_filter)

        def some(effect):
            return any(covers(p, wanted) for p in self.patterns(user, client_id, effect, "subscribe"))
        return some("allow") and not some("deny")


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
