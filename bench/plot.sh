#!/usr/bin/env bash
# plot.sh TSV: a picture (SVG, on standard output) of what `gofer_bench --tsv TSV` measured: how many
# times as long as the floor each server takes. That is the median with one request in flight, and
# the time per operation with more. A ping-pong where both sides sleep is left out: it is so much
# longer than all others.
set -euo pipefail

awk -F '\t' '
  NR == 1 { next }
  {
    took = $2 == 1 ? $5 : 1e6 / $7
    group = $1 ($2 == 1 ? "" : " x" $2)
    if ($3 == "floor") { floor[group] = took; groups[++count] = group; next }
    times[group, $3] = took / floor[group]
  }

  function text(x, y, anchor, size, what) {
    printf "<text x=\"%d\" y=\"%d\" text-anchor=\"%s\" font-size=\"%d\">%s</text>\n", x, y, anchor, \
           size, what
  }
  function bar(x, y, width, height, colour) {
    printf "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>\n", x, y, width, \
           height, colour
  }
  # What is longer than the picture is cut off, and says how long it is all the same. Returns where
  # the next group begins.
  function bars(group, y,    i, value, wide, begin) {
    begin = y
    for (i = 1; i <= servers; ++i) {
      if (!((group, server[i]) in times)) continue
      value = times[group, server[i]]
      wide = (value < most ? value : most) * unit
      bar(left, y, wide, 9, colour[i])
      text(left + wide + 4, y + 8, "start", 9, sprintf("%.2f", value))
      y += 11
    }
    text(left - 8, (begin + y) / 2 + 3, "end", 12, group)
    return y + 10
  }

  END {
    left = 200; unit = 110; most = 6; top = 40
    servers = split("ping-pong bare filtered jailed diod", server, " ")
    split("#fdae6b #c6dbef #6baed6 #2171b5 #bdbdbd", colour, " ")
    height = top + count * 10 + 10
    for (i = 1; i <= count; ++i)
      for (j = 1; j <= servers; ++j) height += 11 * ((groups[i], server[j]) in times)
    width = left + most * unit + 50
    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" ", width, height
    print "font-family=\"sans-serif\">"
    bar(0, 0, width, height, "white")
    text(left, 15, "start", 13, "time per operation, in multiples of the floor")
    for (i = 1; i <= servers; ++i) {
      bar(left + (i - 1) * 80, 22, 10, 10, colour[i])
      text(left + (i - 1) * 80 + 14, 31, "start", 12, server[i])
    }
    y = top
    for (i = 1; i <= count; ++i) y = bars(groups[i], y)
    printf "<path d=\"M%d %d V%d\" stroke=\"black\"/>\n</svg>\n", left + unit, top, height - 10
  }' "$1"
