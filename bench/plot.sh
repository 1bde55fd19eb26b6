#!/usr/bin/env bash
# plot.sh TSV: a picture (SVG, on standard output) of what `gofer_bench --tsv TSV` measured: how many
# times as long as the floor each server takes. That is the median with one request in flight, and
# the time per operation with more.
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
  # What is longer than the picture is cut off, and says how long it is all the same.
  function bars(group, y,    i, value) {
    text(left - 8, y + 26, "end", 12, group)
    for (i = 1; i <= servers; ++i) {
      if (!((group, server[i]) in times)) continue
      value = times[group, server[i]]
      bar(left, y + (i - 1) * 11, (value < most ? value : most) * unit, 9, colour[i])
      text(left + (value < most ? value : most) * unit + 4, y + (i - 1) * 11 + 8, "start", 9,
           sprintf("%.2f", value))
    }
  }

  END {
    left = 150; unit = 110; most = 6; top = 40; each = 54
    servers = split("bare filtered jailed diod", server, " ")
    split("#c6dbef #6baed6 #2171b5 #bdbdbd", colour, " ")
    width = left + most * unit + 50; height = top + count * each + 10
    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" ", width, height
    print "font-family=\"sans-serif\">"
    bar(0, 0, width, height, "white")
    text(left, 15, "start", 13, "time per operation, in multiples of the floor")
    for (i = 1; i <= servers; ++i) {
      bar(left + (i - 1) * 80, 22, 10, 10, colour[i])
      text(left + (i - 1) * 80 + 14, 31, "start", 12, server[i])
    }
    for (i = 1; i <= count; ++i) bars(groups[i], top + (i - 1) * each)
    printf "<path d=\"M%d %d V%d\" stroke=\"black\"/>\n</svg>\n", left + unit, top, height - 10
  }' "$1"
