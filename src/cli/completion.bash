
# How it completes, by the tables above. Each of them prints what may stand there: "words A B ...", "files" of any name,
# "files ENDING ..." and folders on the way to them, "folders", or "anything", which nobody can guess. An option for which
# _sned_value prints nothing takes no value.

# _sned_offer KIND [WORD...]: what fits the word at the cursor goes to COMPREPLY.
_sned_offer() {
    local kind=$1 ending
    shift
    COMPREPLY=()
    case $kind in
        words) mapfile -t COMPREPLY < <(compgen -W "$*" -- "$current") ;;
        folders) mapfile -t COMPREPLY < <(compgen -d -- "$current") ;;
        files)
            if [ $# = 0 ]; then
                mapfile -t COMPREPLY < <(compgen -f -- "$current")
            else
                mapfile -t COMPREPLY < <(compgen -d -- "$current"
                    for ending; do compgen -f -X "!*.$ending" -- "$current"; done)
            fi
            ;;
    esac
    # A folder then ends in a slash and blanks are quoted; outside a completion, in a test, there is nothing to set.
    [ "$kind" = words ] || compopt -o filenames 2>/dev/null
}

# Bash cuts words at "=" and ":" as well: --split=te is three words, a.tar:labels.txt too.
_sned() {
    local current=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]} option="" place=0 word i
    [[ $current != [=:] ]] || current=""
    for ((i = 2; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [[ $word == = ]]; then
            continue
        elif [[ $word == : ]]; then
            ((i++))
        elif [[ $option ]]; then
            option=""
        elif [[ $word == -?* ]]; then
            [[ ! $(_sned_value "$word") ]] || option=$word
        else
            ((place++))
        fi
    done
    if ((COMP_CWORD == 1)); then
        _sned_offer $(_sned_commands)
    elif [[ ${COMP_WORDS[COMP_CWORD]} == : || ${COMP_WORDS[COMP_CWORD - 1]} == : ]]; then
        _sned_offer files
    elif [[ $option ]]; then
        _sned_offer $(_sned_value "$option")
    elif [[ $current == -* ]]; then
        _sned_offer $(_sned_options "$command")
    else
        _sned_offer $(_sned_argument "$command" $place)
    fi
}
complete -F _sned sned
