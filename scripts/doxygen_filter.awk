# What Doxygen reads instead of a public header: the short macro tp_NAME(...) behind the function
# tp_NAME_at gets the function's description, so that one comment serves both names.
/^TP_API / && match($0, /tp_[a-z0-9_]+_at\(/) { described[substr($0, RSTART, RLENGTH - 4)] = 1 }
/^#define tp_[a-z0-9_]+\(/ {
    name = substr($2, 1, index($2, "(") - 1)
    if (described[name] && previous !~ /\*\/$/) print "/** @copydoc " name "_at */"
}
{ print; previous = $0 }
