# Adds up coverage reports (lcov): a table of the libraries, then the lines of the core and of the SQLite store that nothing ran.
/^SF:/   { file = substr($0, 4); sub("^" root, "", file); ours = file ~ /^src\// && file !~ /\/obj\// }
/^DA:/   { if (ours) { split(substr($0, 4), part, ","); lines[file, part[1] + 0] += part[2]; if (part[1] > last[file]) last[file] = part[1] + 0 } }
/^BRDA:/ { if (ours) { split(substr($0, 6), part, ","); branches[file, part[1], part[2], part[3]] += part[4] } }

function library(name,   part) { split(name, part, "/"); return part[2] }
function percent(some, all) { return all ? sprintf("%.1f %%", 100 * some / all) : "-" }

END {
  for (key in lines)    { split(key, part, SUBSEP); of = library(part[1]); total[of]++; ran[of] += lines[key] > 0; names[of] }
  for (key in branches) { split(key, part, SUBSEP); of = library(part[1]); forks[of]++; taken[of] += branches[key] > 0 }
  printf "\n%-24s %8s %8s %9s %9s\n", "coverage", "lines", "run", "lines", "branches"
  order = "sort"
  for (name in names)
    printf "%-24s %8d %8d %9s %9s\n", name, total[name], ran[name], percent(ran[name], total[name]), percent(taken[name], forks[name]) | order
  close(order)

  print "\nLines of src/Tallystick and src/Tallystick.Sqlite that nothing ran:"
  for (file in last) {
    if (file !~ /^src\/Tallystick(\.Sqlite)?\//)
      continue
    text = ""
    for (line = 1; line <= last[file] + 1; line++) {
      missed = ((file, line) in lines) && lines[file, line] == 0
      if (missed && !from) from = line
      if (missed) through = line
      if (from && (((file, line) in lines) && !missed || line > last[file])) {
        text = text (text ? ", " : ":") (from == through ? from : from "-" through)
        from = 0
      }
    }
    if (text) print "  " file text | order
  }
  close(order)
  print ""
}
