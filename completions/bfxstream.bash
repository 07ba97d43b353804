# Completion of bfxstream for bash: made by `bfxstream completion bash`, not by hand.

# What the command at a path knows. Sets the variables of _bfxstream: the commands below it, its
# flags, those that take a value, the kinds of its arguments by their place, and the kind of value
# that $option takes. A kind is `symbols`, `specs`, `files`, or the words themselves behind `:`.
__bfxstream_command() {
    commands='' flags='' valued='' arguments=() repeats='' values=''
    case $1 in
    '')
        commands='ticker trades book candles deriv liquidations stream watch account order record replay symbols demo-exchange doctor completion schema help man'
        flags='-V --version -h --help'
        ;;
    ' ticker')
        flags='--output -o --json --fields --count -n --duration --once --until --timeout --no-snapshot --timestamps --seq --events --stats --record --rotate --url --rest-url --demo --retry-for --no-reconnect --strict --quiet -q --verbose -v --debug --no-color --svg --size -h --help'
        valued='--output -o --fields --count -n --duration --until --timeout --record --rotate --url --rest-url --retry-for --svg --size'
        repeats=symbols
        case $option in
        --output | -o) values=':auto table jsonl csv raw' ;;
        --record) values=files ;;
        --svg) values=files ;;
        esac
        ;;
    ' trades')
        flags='--every-update --output -o --json --fields --count -n --duration --once --until --timeout --no-snapshot --timestamps --seq --events --stats --record --rotate --url --rest-url --demo --retry-for --no-reconnect --strict --quiet -q --verbose -v --debug --no-color --svg --size -h --help'
        valued='--output -o --fields --count -n --duration --until --timeout --record --rotate --url --rest-url --retry-for --svg --size'
        repeats=symbols
        case $option in
        --output | -o) values=':auto table jsonl csv raw' ;;
        --record) values=files ;;
        --svg) values=files ;;
        esac
        ;;
    ' book')
        flags='--prec --freq --len --view --every --output -o --json --fields --count -n --duration --once --until --timeout --no-snapshot --timestamps --seq --events --stats --record --rotate --url --rest-url --demo --retry-for --no-reconnect --strict --quiet -q --verbose -v --debug --no-color --svg --size -h --help'
        valued='--prec --freq --len --view --every --output -o --fields --count -n --duration --until --timeout --record --rotate --url --rest-url --retry-for --svg --size'
        repeats=symbols
        case $option in
        --prec) values=':P0 P1 P2 P3 P4 R0' ;;
        --freq) values=':F0 F1' ;;
        --len) values=':1 25 100 250' ;;
        --view) values=':levels full top' ;;
        --output | -o) values=':auto table jsonl csv raw' ;;
        --record) values=files ;;
        --svg) values=files ;;
        esac
        ;;
    ' candles')
        flags='--timeframe --period --closed --output -o --json --fields --count -n --duration --once --until --timeout --no-snapshot --timestamps --seq --events --stats --record --rotate --url --rest-url --demo --retry-for --no-reconnect --strict --quiet -q --verbose -v --debug --no-color --svg --size -h --help'
        valued='--timeframe --period --output -o --fields --count -n --duration --until --timeout --record --rotate --url --rest-url --retry-for --svg --size'
        repeats=symbols
        case $option in
        --timeframe) values=':1m 5m 15m 30m 1h 3h 6h 12h 1D 7D 1W 14D 1M' ;;
        --period) values=':p2 p30 p120 a30:p2:p30' ;;
        --output | -o) values=':auto table jsonl csv raw' ;;
        --record) values=files ;;
        --svg) values=files ;;
        esac
        ;;
    ' deriv')
        flags='--every-update --output -o --json --fields --count -n --duration --once --until --timeout --no-snapshot --timestamps --seq --events --stats --record --rotate --url --rest-url --demo --retry-for --no-reconnect --strict --quiet -q --verbose -v --debug --no-color --svg --size -h --help'
        valued='--output -o --fields --count -n --duration --until --timeout --record --rotate --url --rest-url --retry-for --svg --size'
        repeats=symbols
        case $option in
        --output | -o) values=':auto table jsonl csv raw' ;;
        --record) values=files ;;
        --svg) values=files ;;
        esac
        ;;
    ' liquidations')
        flags='--output -o --json --fields --count -n --duration --once --until --timeout --no-snapshot --timestamps --seq --events --stats --record --rotate --url --rest-url --demo --retry-for --no-reconnect --strict --quiet -q --verbose -v --debug --no-color --svg --size -h --help'
        valued='--output -o --fields --count -n --duration --until --timeout --record --rotate --url --rest-url --retry-for --svg --size'
        case $option in
        --output | -o) values=':auto table jsonl csv raw' ;;
        --record) values=files ;;
        --svg) values=files ;;
        esac
        ;;
    ' stream')
        flags='--from --view --every --every-update --closed --output -o --json --fields --count -n --duration --once --until --timeout --no-snapshot --timestamps --seq --events --stats --record --rotate --url --rest-url --demo --retry-for --no-reconnect --strict --quiet -q --verbose -v --debug --no-color --svg --size -h --help'
        valued='--from --view --every --output -o --fields --count -n --duration --until --timeout --record --rotate --url --rest-url --retry-for --svg --size'
        repeats=specs
        case $option in
        --from) values=files ;;
        --view) values=':levels full top' ;;
        --output | -o) values=':auto table jsonl csv raw' ;;
        --record) values=files ;;
        --svg) values=files ;;
        esac
        ;;
    ' watch')
        flags='--layout --prec --len --timeframe --period --count -n --duration --once --until --timeout --stats --record --rotate --url --rest-url --demo --retry-for --no-reconnect --strict --quiet -q --verbose -v --debug --no-color --svg --size -h --help'
        valued='--layout --prec --len --timeframe --period --count -n --duration --until --timeout --record --rotate --url --rest-url --retry-for --svg --size'
        arguments=(symbols)
        case $option in
        --layout) values=':full book tape chart' ;;
        --prec) values=':P0 P1 P2 P3 P4 R0' ;;
        --len) values=':1 25 100 250' ;;
        --timeframe) values=':1m 5m 15m 30m 1h 3h 6h 12h 1D 7D 1W 14D 1M' ;;
        --record) values=files ;;
        --svg) values=files ;;
        esac
        ;;
    ' account')
        flags='--filter --dms --output -o --json --fields --count -n --duration --once --until --timeout --no-snapshot --timestamps --seq --events --stats --record --rotate --url --rest-url --demo --retry-for --no-reconnect --strict --quiet -q --verbose -v --debug --no-color --svg --size -h --help'
        valued='--filter --output -o --fields --count -n --duration --until --timeout --record --rotate --url --rest-url --retry-for --svg --size'
        case $option in
        --filter) values=':trading funding wallet balance notify algo order position trade margin_base margin_symbol funding_info funding_offer funding_credit funding_loan funding_trade notification' ;;
        --output | -o) values=':auto table jsonl csv raw' ;;
        --record) values=files ;;
        --svg) values=files ;;
        esac
        ;;
    ' order')
        commands='new update cancel cancel-all list'
        flags='-h --help'
        ;;
    ' order new')
        flags='--side --amount --price --type --price-aux-limit --price-trailing --price-oco-stop --cid-oco --hidden --post-only --reduce-only --close --no-var-rates --tif --cid --gid --lev --meta --wait --yes -y --dry-run --output -o --json --fields --timeout --url --rest-url --demo --quiet -q --verbose -v --debug --no-color -h --help'
        valued='--side --amount --price --type --price-aux-limit --price-trailing --price-oco-stop --cid-oco --tif --cid --gid --lev --meta --wait --output -o --fields --timeout --url --rest-url'
        arguments=(symbols)
        case $option in
        --side) values=':buy sell' ;;
        --type) values=':exchange-limit exchange-market exchange-stop exchange-stop-limit exchange-trailing-stop exchange-fok exchange-ioc limit market stop stop-limit trailing-stop fok ioc' ;;
        --wait) values=':answer filled closed' ;;
        --output | -o) values=':auto table jsonl csv' ;;
        esac
        ;;
    ' order update')
        flags='--cid --date --amount --delta --price --price-aux-limit --price-trailing --gid --lev --tif --yes -y --dry-run --output -o --json --fields --timeout --url --rest-url --demo --quiet -q --verbose -v --debug --no-color -h --help'
        valued='--cid --date --amount --delta --price --price-aux-limit --price-trailing --gid --lev --tif --output -o --fields --timeout --url --rest-url'
        arguments=('')
        case $option in
        --output | -o) values=':auto table jsonl csv' ;;
        esac
        ;;
    ' order cancel')
        flags='--cid --date --gid --yes -y --dry-run --output -o --json --fields --timeout --url --rest-url --demo --quiet -q --verbose -v --debug --no-color -h --help'
        valued='--cid --date --gid --output -o --fields --timeout --url --rest-url'
        repeats=''
        case $option in
        --output | -o) values=':auto table jsonl csv' ;;
        esac
        ;;
    ' order cancel-all')
        flags='--yes -y --dry-run --output -o --json --fields --timeout --url --rest-url --demo --quiet -q --verbose -v --debug --no-color -h --help'
        valued='--output -o --fields --timeout --url --rest-url'
        case $option in
        --output | -o) values=':auto table jsonl csv' ;;
        esac
        ;;
    ' order list')
        flags='--cid --output -o --json --fields --timeout --url --rest-url --demo --quiet -q --verbose -v --debug --no-color -h --help'
        valued='--cid --output -o --fields --timeout --url --rest-url'
        repeats=symbols
        case $option in
        --output | -o) values=':auto table jsonl csv' ;;
        esac
        ;;
    ' record')
        flags='--from --force --count -n --duration --once --until --timeout --stats --rotate --url --rest-url --demo --retry-for --no-reconnect --strict --quiet -q --verbose -v --debug -h --help'
        valued='--from --count -n --duration --until --timeout --rotate --url --rest-url --retry-for'
        arguments=(files)
        repeats=specs
        case $option in
        --from) values=files ;;
        esac
        ;;
    ' replay')
        flags='--speed --from --to --channel --symbol --view --every --every-update --closed --verify --output -o --json --fields --count -n --once --until --no-snapshot --timestamps --seq --events --stats --strict --quiet -q --verbose -v --debug --no-color -h --help'
        valued='--speed --from --to --channel --symbol --view --every --output -o --fields --count -n --until'
        repeats=files
        case $option in
        --channel) values=':ticker trades book candles deriv liq account' ;;
        --symbol) values=symbols ;;
        --view) values=':levels full top' ;;
        --output | -o) values=':auto table jsonl csv raw' ;;
        esac
        ;;
    ' symbols')
        flags='--kind --refresh --output -o --json --fields --url --rest-url --demo --quiet -q --debug --no-color -h --help'
        valued='--kind --output -o --fields --url --rest-url'
        arguments=('')
        case $option in
        --kind) values=':exchange margin futures funding' ;;
        --output | -o) values=':auto table jsonl csv' ;;
        esac
        ;;
    ' demo-exchange')
        flags='--port --seed --rate --fault --log --journal -h --help'
        valued='--port --seed --rate --fault --log --journal'
        case $option in
        --fault) values=':all drop close stall truncate slow mute skip dup corrupt-checksum garbage reconnect maintenance reject http-503 no-history' ;;
        --log) values=files ;;
        --journal) values=files ;;
        esac
        ;;
    ' doctor')
        flags='--output -o --json --timeout --url --rest-url --demo --debug --no-color -h --help'
        valued='--output -o --timeout --url --rest-url'
        case $option in
        --output | -o) values=':auto table jsonl' ;;
        esac
        ;;
    ' completion')
        flags='--install -h --help'
        arguments=(':bash zsh fish')
        ;;
    ' schema')
        flags='-h --help'
        arguments=(':account book book-full book-levels book-orders book-top candles deriv doctor event liq liquidations order stats stream symbols ticker trades verify')
        ;;
    ' help')
        flags='-h --help'
        repeats=':ticker trades book candles deriv liquidations stream watch account order record replay symbols demo-exchange doctor completion schema help man output records guarantees events exit-codes environment credentials recording faults python recipes'
        ;;
    ' man')
        flags='--install -h --help'
        ;;
    esac
}

# Every symbol in the list that `bfxstream symbols` keeps, each behind $1.
__bfxstream_symbols() {
    local cache=$HOME/.cache symbol
    [[ ${XDG_CACHE_HOME-} == /* ]] && cache=$XDG_CACHE_HOME
    if [[ -r $cache/bfxstream/symbols.txt ]]; then
        while read -r symbol; do
            __bfxstream_offer "$1$symbol"
        done <"$cache/bfxstream/symbols.txt"
    else
        for symbol in tBTCUSD tETHUSD tDUSK:USD tBTCF0:USTF0 fUSD; do
            __bfxstream_offer "$1$symbol"
        done
    fi
}

__bfxstream_specs() {
    local start
    for start in ticker: trades: book: candles:1m: candles:5m: candles:15m: candles:30m: candles:1h: candles:3h: candles:6h: candles:12h: candles:1D: candles:7D: candles:1W: candles:14D: candles:1M: deriv: liq:global; do
        if [[ $start == *: && $current == "$start"* ]]; then
            __bfxstream_symbols "$start"
            return
        fi
    done
    for start in ticker: trades: book: candles:1m: candles:5m: candles:15m: candles:30m: candles:1h: candles:3h: candles:6h: candles:12h: candles:1D: candles:7D: candles:1W: candles:14D: candles:1M: deriv: liq:global; do
        __bfxstream_offer "$start"
    done
    # A symbol follows the colon.
    [[ ${COMPREPLY[0]-} == *: ]] && compopt -o nospace 2>/dev/null
}

__bfxstream_offer() {
    [[ $1 == "$current"* ]] && COMPREPLY+=("$1")
}

_bfxstream() {
    local IFS=$' \t\n' path='' option='' place=0 kind='' word current head='' breaks='' i
    local commands flags valued arguments repeats values
    local line=${COMP_LINE:0:COMP_POINT} words
    COMPREPLY=()
    # By white space, not COMP_WORDS: bash also breaks those at the colons of symbols.
    read -r -a words <<<"$line"
    [[ $line == *[[:space:]] ]] && words+=('')
    # Behind the program's name, before which assignments may stand.
    for ((i = 0; i < ${#words[@]}; i++)); do
        [[ ${words[i]} == "${COMP_WORDS[0]}" ]] && break
    done
    __bfxstream_command ''
    for ((i++; i < ${#words[@]} - 1; i++)); do
        word=${words[i]}
        if [[ $option ]]; then
            option=''
        elif [[ $word == -?* ]]; then
            [[ " $valued " == *" $word "* ]] && option=$word
        elif [[ $commands ]]; then
            path+=" $word"
            __bfxstream_command "$path"
        else
            ((place += 1))
        fi
    done
    word=${words[i]-}
    current=$word
    if [[ -z $option && $word == --*=* ]]; then
        option=${word%%=*}
        head=$option=
        current=${word#*=}
    fi
    if [[ $option ]]; then
        __bfxstream_command "$path"
        kind=$values
    elif [[ $current == -* ]]; then
        kind=:$flags
    elif [[ $commands ]]; then
        kind=:$commands
    elif [[ $place -lt ${#arguments[@]} ]]; then
        kind=${arguments[place]}
    else
        kind=$repeats
    fi
    case $kind in
    :*) for word in ${kind#:}; do __bfxstream_offer "$word"; done ;;
    symbols) __bfxstream_symbols '' ;;
    specs) __bfxstream_specs ;;
    files) compopt -o default 2>/dev/null ;;
    esac
    # Readline replaces only what follows the last of its word breaks in the word.
    [[ $COMP_WORDBREAKS == *:* ]] && breaks+=':'
    [[ $COMP_WORDBREAKS == *=* ]] && breaks+='='
    word=$head$current
    for ((i = 0; i < ${#COMPREPLY[@]}; i++)); do
        COMPREPLY[i]=$head${COMPREPLY[i]}
        [[ $breaks ]] && COMPREPLY[i]=${COMPREPLY[i]#"${word%"${word##*[$breaks]}"}"}
    done
}

complete -F _bfxstream bfxstream
