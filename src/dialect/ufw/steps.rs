//! The shell functions of the ufw texts, and the lines of ufw's own files that a whole policy relies on. Holds no rule and
//! changes nothing by itself.

/// Prints every wanted rule as ufw stores it: family, protocol, port, destination, its port at the other end, source, way;
/// then the comment as ufw stores it (hexadecimal) and as people read it.
pub const WANTED: &str = r####"# Every rule from above as ufw stores it, one for each address; any is one for each family.
wanted() {
  rules | grep -v '^#' | while read -r way protocol port _ list; do
    comment="portcullis $way ${list#*# }"
    coded=$(printf %s "$comment" | od -An -v -tx1 | tr -d ' \n')
    list=${list%% #*} from=any
    case "$list" in any) list='0.0.0.0/0 ::/0' ;; esac
    case "$port" in *'->'*) from=${port%->*} port=${port#*->} ;; esac
    for address in $list; do
      case "$address" in *:*) family=6 all=::/0 ;; *) family=4 all=0.0.0.0/0 ;; esac
      case "$family$ipv6" in 6no) continue ;; esac
      case "$way" in in) ends="$all $from $address" ;; *) ends="$address $from $all" ;; esac
      echo "$family $protocol $port $ends $way $coded $comment"
    done
  done
}
"####;

/// Prints what stands between the stored rules and the wanted ones: `delete` (ours, not wanted any more), `add`, `theirs` (the
/// host has the same rule by itself), `against` (it has the same with another verdict) and `other` (a rule that is not ours).
/// The last word of a stored rule is its way (`in`, `out`, `in_eth0`); that of forwarded traffic is not looked at.
pub const CHANGES: &str = r####"# What ufw has stored.
stored() {
  sed -n 's/^### tuple ### /4 /p' /etc/ufw/user.rules
  [ "$ipv6" = no ] || sed -n 's/^### tuple ### /6 /p' /etc/ufw/user6.rules
}
# What stands between the two: only that is changed. Rules without our mark (a comment that begins with portcullis) are not ours.
changes() {
  { stored | sed 's/^/have /'; wanted | sed 's/^/want /'; } | awk -v ways="$ways" '
    function ours(key) { return index(tag[key], way[key] == "in" ? "706f727463756c6c697320696e20" : "706f727463756c6c6973206f757420") == 1 }
    $1 == "have" {
      if ($3 ~ /^route:/) next
      last = NF; code = ""
      if ($NF ~ /^comment=/) { code = substr($NF, 9); last-- }
      key = $2
      for (i = 4; i <= last; i++) key = key " " $i
      if (index(" " ways " ", " " substr($last, 1, $last ~ /^in/ ? 2 : 3) " ") == 0) next
      order[++count] = key; action[key] = $3; tag[key] = code; way[key] = $last
      next
    }
    {
      key = $2 " " $3 " " $4 " " $5 " " $6 " " $7 " " $8
      if (key in seen) next
      seen[key] = 1
      if (key in action && action[key] == "allow" && tag[key] == $9) next
      if (key in action && ours(key)) print "delete " key
      else if (key in action) {
        same = action[key] ~ /^allow/ ? "theirs " : "against "
        print same action[key] " " key
        next
      }
      text = $0
      for (i = 1; i <= 9; i++) sub(/^[^ ]* /, "", text)
      add[++adds] = "add " key " " text
    }
    END {
      for (i = 1; i <= count; i++) {
        key = order[i]
        if (ours(key)) { if ((key in seen) == 0) print "delete " key }
        else print "other " substr(key, 1, 1) " " action[key] substr(key, 2)
      }
      for (i = adds; i; i--) print add[i]
    }'
}
"####;

/// Calls ufw once for each rule to delete or to add; `$ufw` says how. Each call is for one family.
pub const CHANGE: &str = r####"# Calls of ufw.
run() {
  call="$*"
  case "$call" in *' comment '*) call="${call%% comment *} comment '${call#* comment }'" ;; esac
  [ "$ufw" = ufw ] || say "would run: ufw $call"
  answer=$($ufw "$@" 2>&1 </dev/null) || stop "ufw refused: $answer"
}
change() {
  while read -r what _ protocol port to origin from way comment; do
    [ "$origin" = any ] && origin=
    case "$what" in
      delete) run delete allow "$way" proto "$protocol" from "$from" ${origin:+port "$origin"} to "$to" port "$port" ;;
      add) run prepend allow "$way" proto "$protocol" from "$from" ${origin:+port "$origin"} to "$to" port "$port" comment "$comment" ;;
    esac
  done <"$work/changes"
}
"####;

/// Prints rules of the host that refuse something before the last of ours has been asked.
pub const BEFORE_OURS: &str = r####"# Rules of the host that refuse something and come before ours.
before_ours() {
  stored | awk -v ways="$ways" '
    $2 ~ /^route:/ { next }
    {
      last = NF; code = ""
      if ($NF ~ /^comment=/) { code = substr($NF, 9); last-- }
      way = substr($last, 1, $last ~ /^in/ ? 2 : 3)
      at = $1 way
      if (index(" " ways " ", " " way " ") == 0) next
      if (index(code, way == "in" ? "706f727463756c6c697320696e20" : "706f727463756c6c6973206f757420") == 1) {
        printf "%s", held[at]
        held[at] = ""
      } else if (($2 ~ /^allow/) == 0) held[at] = held[at] $2 " " $3 " " $4 " from " $7 " to " $5 ", " $last "\n"
    }'
}
"####;

/// Prints what else filters beside ufw's chains: rules in the built-in chains, and chains of nftables on the same hooks.
pub const BESIDE: &str = r####"# What filters beside ufw.
beside() {
  for way in $ways; do
    case "$way" in in) hook=input chain=INPUT ;; *) hook=output chain=OUTPUT ;; esac
    for tool in iptables ip6tables; do
      $tool -S "$chain" 2>/dev/null | grep -v -e '^-P ' -e ' -j ufw6*-' | sed "s/^/$tool /"
    done
    nft list ruleset 2>/dev/null | awk -v hook="$hook" '$1 == "table" { table = $2 " " $3 } $1 == "chain" { chain = $2 }
      $1 == "type" && $2 == "filter" && $4 == hook { print table, chain }' | grep -vx -e "ip filter $chain" -e "ip6 filter $chain"
  done
}
"####;

/// Keeps what ufw has in a folder, and brings it back.
pub const FILES: &str = r####"# The files of ufw: kept, and brought back.
save() {
  mkdir -p "$1" && cp -p /etc/default/ufw /etc/ufw/ufw.conf /etc/ufw/before.rules /etc/ufw/after.rules /etc/ufw/after6.rules \
    /etc/ufw/user.rules /etc/ufw/user6.rules "$1"
}
put() {
  cp -p "$1/ufw" /etc/default/ufw
  cp -p "$1/ufw.conf" "$1/"*.rules /etc/ufw/
  case "$(grep '^ENABLED=' /etc/ufw/ufw.conf)" in
    *[Yy][Ee][Ss]*) ufw reload >/dev/null ;;
    *) ufw disable >/dev/null ;;
  esac
}
"####;

/// Brings a whole state back, with what was kept from before a whole policy.
pub const BACK: &str = r####"back_to() {
  rm -rf /var/lib/portcullis/ufw-before
  [ -e "$1/before" ] && mkdir -p /var/lib/portcullis && cp -a "$1/before" /var/lib/portcullis/ufw-before
  rmdir /var/lib/portcullis 2>/dev/null
  put "$1"
}
"####;

/// Prints a file of rules: those of one way from one file, all others from another. Where that makes one of them, it is that one.
pub const MERGE: &str = r####"# A file of rules: those of one direction from one file, all others from another.
merge() {
  awk -v way="$1" '
    /^### tuple ### / {
      last = $NF ~ /^comment=/ ? $(NF - 1) : $NF
      kind = $4 ~ /^route:/ ? "route" : last ~ /^in/ ? "in" : "out"
      at = ++count[file]; kinds[file, at] = kind; part = 1
    }
    /^### END RULES ###/ { part = 2 }
    part == 1 && count[file] { text[file, at] = text[file, at] $0 "\n"; whole[file, kind] = whole[file, kind] $0 "\n"; next }
    { frame[file, part == 2] = frame[file, part == 2] $0 "\n" }
    END {
      from = whole[1, "route"] == whole[2, "route"] && (way == "in" || whole[1, "in"] == whole[2, "in"]) && (way == "out" || whole[1, "out"] == whole[2, "out"])
      base = from ? 1 : 2
      printf "%s", frame[base, 0]
      if (from || whole[1, way] == whole[2, way]) for (i = 1; i <= count[base]; i++) printf "%s", text[base, i]
      else {
        for (i = 1; i <= count[1]; i++) if (kinds[1, i] == way) printf "%s", text[1, i]
        for (i = 1; i <= count[2]; i++) if ((kinds[2, i] == way) == 0) printf "%s", text[2, i]
      }
      printf "%s", frame[base, 1]
    }' file=1 part=0 "$2" file=2 part=0 "$3"
}
policy() {
  case "$1" in in) name=DEFAULT_INPUT_POLICY= ;; *) name=DEFAULT_OUTPUT_POLICY= ;; esac
  awk -v name="$name" 'index($0, name) == 1 { if (file == 1) line = $0; else if (line) $0 = line } file == 2' file=1 "$2" file=2 "$3"
}
"####;

/// Steps towards a whole policy: what the host had is kept once, and what is not listed is put aside.
pub const WHOLE: &str = r####"# What the host had is kept once, for Take it out; what is not listed goes.
remember() {
  for way in $ways; do
    [ -e "$before/$way" ] && continue
    if [ -e "$before/user.rules" ]; then
      for file in user.rules user6.rules; do
        merge "$way" "/etc/ufw/$file" "$before/$file" >"$work/file" && cp "$work/file" "$before/$file" || return 1
      done
      policy "$way" /etc/default/ufw "$before/ufw" >"$work/file" && cp "$work/file" "$before/ufw" || return 1
    else
      save "$before" || return 1
    fi
    : >"$before/$way" || return 1
  done
}
aside() {
  for file in user.rules user6.rules; do
    case "$file" in user.rules) family=4 ;; *) family=6 ;; esac
    awk -v family="$family" '
      file == 1 { if ($1 == "other" && $2 == family) { sub(/^other [46] /, ""); gone["### tuple ### " $0] = 1 } next }
      /^### / { drop = 0 }
      /^### tuple ### / { line = $0; sub(/ comment=[0-9a-f]*$/, "", line); drop = line in gone }
      drop == 0' file=1 "$work/changes" file=2 "/etc/ufw/$file" >"$work/file" && cp "$work/file" "/etc/ufw/$file" || return 1
  done
}
quiet() {
  case "$1" in in) name=DEFAULT_INPUT_POLICY ;; *) name=DEFAULT_OUTPUT_POLICY ;; esac
  grep -q "^$name=[\"']*ACCEPT" /etc/default/ufw && stored | awk -v way="$1" '
    ($2 ~ /^route:/) == 0 { last = $NF ~ /^comment=/ ? $(NF - 1) : $NF; if (index(last, way) == 1) found = 1 }
    END { exit found }'
}
"####;

/// What incoming traffic needs of ufw's own files, by file.
pub const RELIES_IN: &str = "\
before.rules -A ufw-before-input -i lo -j ACCEPT
before.rules -A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
before.rules -A ufw-before-input -p icmp --icmp-type destination-unreachable -j ACCEPT
before.rules -A ufw-before-input -p udp --sport 67 --dport 68 -j ACCEPT
before6.rules -A ufw6-before-input -i lo -j ACCEPT
before6.rules -A ufw6-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
before6.rules -A ufw6-before-input -p icmpv6 --icmpv6-type packet-too-big -j ACCEPT
before6.rules -A ufw6-before-input -p icmpv6 --icmpv6-type router-advertisement -m hl --hl-eq 255 -j ACCEPT
before6.rules -A ufw6-before-input -p icmpv6 --icmpv6-type neighbor-solicitation -m hl --hl-eq 255 -j ACCEPT
before6.rules -A ufw6-before-input -p icmpv6 --icmpv6-type neighbor-advertisement -m hl --hl-eq 255 -j ACCEPT
before6.rules -A ufw6-before-input -p udp -s fe80::/10 --sport 547 -d fe80::/10 --dport 546 -j ACCEPT
";

/// What outgoing traffic needs of them where the rest is dropped.
pub const RELIES_OUT: &str = "\
before.rules -A ufw-before-output -o lo -j ACCEPT
before.rules -A ufw-before-output -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
before6.rules -A ufw6-before-output -o lo -j ACCEPT
before6.rules -A ufw6-before-output -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
before6.rules -A ufw6-before-output -p icmpv6 --icmpv6-type echo-request -j ACCEPT
before6.rules -A ufw6-before-output -p icmpv6 --icmpv6-type router-solicitation -m hl --hl-eq 255 -j ACCEPT
before6.rules -A ufw6-before-output -p icmpv6 --icmpv6-type neighbor-solicitation -m hl --hl-eq 255 -j ACCEPT
before6.rules -A ufw6-before-output -p icmpv6 --icmpv6-type neighbor-advertisement -m hl --hl-eq 255 -j ACCEPT
";
