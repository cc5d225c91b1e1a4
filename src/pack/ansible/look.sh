# Are our rules as noted (in place) or not, or are there none (nothing)? The first word stands for the texts that made them; a
# second one notes what is present, or that it is to be absent.
noted=/var/lib/portcullis-ansible
is=$({
  nft -s list ruleset | awk '{ line = tolower($0) } /^table/ { table = line ~ /portcullis/; chain = 0 }
    /^\tchain/ { chain = line ~ /portcullis/ } table || chain || line ~ /portcullis/'
  for save in iptables-save ip6tables-save; do $save | grep -i '^-.*portcullis'; done
  # The comments of ufw, in hexadecimal.
  grep 706f727463756c6c6973 /etc/ufw/user*.rules && ufw status | head -n 1 && grep ^DEFAULT_ /etc/default/ufw
  cat /etc/portcullis/*.sh /etc/systemd/system/portcullis-*
} 2>/dev/null)
case "$2" in
  present) (umask 077 && printf '%s\n' "$1" "$is" >$noted) || exit 1 ;;
  absent) rm -f $noted ;;
esac
if [ "$(cat $noted 2>/dev/null)" = "$(printf '%s\n' "$1" "$is")" ]; then echo in place
elif [ -e $noted ] || [ -n "$is" ]; then echo not in place
else echo nothing; fi
