# Completion of bfxstream for fish: made by `bfxstream completion fish`, not by hand.

# The commands and arguments so far.
function __bfxstream_words
    set -l words (commandline -opc)
    string match -v -- '-*' $words[2..-1]
end

# Whether the line begins with these commands.
function __bfxstream_in
    set -l words (__bfxstream_words)
    set -l last (count $argv)
    test "$words[1..$last]" = "$argv"
end

# Whether it is these commands, and another one is to follow.
function __bfxstream_at
    set -l words (__bfxstream_words)
    test "$words" = "$argv"
end

# Every symbol in the list that `bfxstream symbols` keeps.
function __bfxstream_symbols
    set -l cache $HOME/.cache
    string match -q '/*' -- "$XDG_CACHE_HOME"
    and set cache $XDG_CACHE_HOME
    if test -r $cache/bfxstream/symbols.txt
        string trim <$cache/bfxstream/symbols.txt
    else
        string join \n tBTCUSD tETHUSD tDUSK:USD tBTCF0:USTF0 fUSD
    end
end

function __bfxstream_specs
    set -l current (commandline -ct)
    for start in ticker: trades: book: candles:1m: candles:5m: candles:15m: candles:30m: candles:1h: candles:3h: candles:6h: candles:12h: candles:1D: candles:7D: candles:1W: candles:14D: candles:1M: deriv: liq:global
        if string match -q '*:' -- $start; and string match -q "$start*" -- $current
            __bfxstream_symbols | string replace -r '^' $start
            return
        end
    end
    string join \n ticker: trades: book: candles:1m: candles:5m: candles:15m: candles:30m: candles:1h: candles:3h: candles:6h: candles:12h: candles:1D: candles:7D: candles:1W: candles:14D: candles:1M: deriv: liq:global
end

complete -c bfxstream -f

complete -c bfxstream -n '__bfxstream_at' -a ticker -d 'Best prices, last price and the day\'s figures.'
complete -c bfxstream -n '__bfxstream_at' -a trades -d 'Every trade, exactly once.'
complete -c bfxstream -n '__bfxstream_at' -a book -d 'The order book, verified by checksum.'
complete -c bfxstream -n '__bfxstream_at' -a candles -d 'Open, high, low, close and volume of each interval.'
complete -c bfxstream -n '__bfxstream_at' -a deriv -d 'The state of derivatives: mark price, funding, interest.'
complete -c bfxstream -n '__bfxstream_at' -a liquidations -d 'Every liquidation of the exchange.'
complete -c bfxstream -n '__bfxstream_at' -a stream -d 'Any mix of channels in one run and one output.'
complete -c bfxstream -n '__bfxstream_at' -a symbols -d 'The exchange\'s symbols, by pattern and kind.'
complete -c bfxstream -n '__bfxstream_at' -a demo-exchange -d 'Run the demo exchange alone, for any client.'
complete -c bfxstream -n '__bfxstream_at' -a completion -d 'The completion script of bash, zsh or fish.'
complete -c bfxstream -n '__bfxstream_at' -a schema -d 'The JSON Schema of each kind of record.'
complete -c bfxstream -n '__bfxstream_at' -s V -l version -d 'Show the version and exit.'
complete -c bfxstream -n '__bfxstream_at' -s h -l help -d 'Show this message and exit.'

complete -c bfxstream -n '__bfxstream_in ticker' -l output -s o -r -f -a 'auto table jsonl csv raw' -d 'auto: a table on a terminal, JSON Lines in a pipe. raw: the exchange\'s frames.'
complete -c bfxstream -n '__bfxstream_in ticker' -l json -d 'The same as -o jsonl.'
complete -c bfxstream -n '__bfxstream_in ticker' -l fields -r -f -d 'Only these keys (columns), in this order: a,b,c.'
complete -c bfxstream -n '__bfxstream_in ticker' -l count -s n -r -f -d 'Stop after this many records.'
complete -c bfxstream -n '__bfxstream_in ticker' -l duration -r -f -d 'Stop after this time: 30s, 5m, 2h, or seconds.'
complete -c bfxstream -n '__bfxstream_in ticker' -l once -d 'Print one complete value for each subscription, then exit.'
complete -c bfxstream -n '__bfxstream_in ticker' -l timeout -r -f -d 'Give up (exit 1) when nothing came for this long.'
complete -c bfxstream -n '__bfxstream_in ticker' -l no-snapshot -d 'Leave out the records of the snapshot.'
complete -c bfxstream -n '__bfxstream_in ticker' -l timestamps -d 'Add received_mts (local clock) and server_mts (the exchange\'s).'
complete -c bfxstream -n '__bfxstream_in ticker' -l seq -d 'Add seq, the exchange\'s sequence number.'
complete -c bfxstream -n '__bfxstream_in ticker' -l events -d 'Put lifecycle events into the stream as records.'
complete -c bfxstream -n '__bfxstream_in ticker' -l stats -d 'Print counters as one JSON object on standard error when done.'
complete -c bfxstream -n '__bfxstream_in ticker' -l url -r -f -d 'Another WebSocket endpoint.'
complete -c bfxstream -n '__bfxstream_in ticker' -l rest-url -r -f -d 'Another base of the REST API, for look-ups.'
complete -c bfxstream -n '__bfxstream_in ticker' -l demo -d 'Use the built-in demo exchange: no internet, no account.'
complete -c bfxstream -n '__bfxstream_in ticker' -l retry-for -r -f -d 'How long to try without a connection [default: 10s at first, then for ever]'
complete -c bfxstream -n '__bfxstream_in ticker' -l no-reconnect -d 'Exit 1 when the connection is lost.'
complete -c bfxstream -n '__bfxstream_in ticker' -l strict -d 'Exit 5 as soon as the stream cannot be shown to be complete.'
complete -c bfxstream -n '__bfxstream_in ticker' -l quiet -s q -d 'Errors only.'
complete -c bfxstream -n '__bfxstream_in ticker' -l verbose -s v -d 'Every event of the connection.'
complete -c bfxstream -n '__bfxstream_in ticker' -l debug -d 'Every frame, and tracebacks.'
complete -c bfxstream -n '__bfxstream_in ticker' -l no-color -d 'No colour; NO_COLOR does the same.'
complete -c bfxstream -n '__bfxstream_in ticker' -s h -l help -d 'Show this message and exit.'
complete -c bfxstream -n '__bfxstream_in ticker' -f -a '(__bfxstream_symbols)'

complete -c bfxstream -n '__bfxstream_in trades' -l every-update -d 'Print both te and tu of a trade, not the first alone.'
complete -c bfxstream -n '__bfxstream_in trades' -l output -s o -r -f -a 'auto table jsonl csv raw' -d 'auto: a table on a terminal, JSON Lines in a pipe. raw: the exchange\'s frames.'
complete -c bfxstream -n '__bfxstream_in trades' -l json -d 'The same as -o jsonl.'
complete -c bfxstream -n '__bfxstream_in trades' -l fields -r -f -d 'Only these keys (columns), in this order: a,b,c.'
complete -c bfxstream -n '__bfxstream_in trades' -l count -s n -r -f -d 'Stop after this many records.'
complete -c bfxstream -n '__bfxstream_in trades' -l duration -r -f -d 'Stop after this time: 30s, 5m, 2h, or seconds.'
complete -c bfxstream -n '__bfxstream_in trades' -l once -d 'Print one complete value for each subscription, then exit.'
complete -c bfxstream -n '__bfxstream_in trades' -l timeout -r -f -d 'Give up (exit 1) when nothing came for this long.'
complete -c bfxstream -n '__bfxstream_in trades' -l no-snapshot -d 'Leave out the records of the snapshot.'
complete -c bfxstream -n '__bfxstream_in trades' -l timestamps -d 'Add received_mts (local clock) and server_mts (the exchange\'s).'
complete -c bfxstream -n '__bfxstream_in trades' -l seq -d 'Add seq, the exchange\'s sequence number.'
complete -c bfxstream -n '__bfxstream_in trades' -l events -d 'Put lifecycle events into the stream as records.'
complete -c bfxstream -n '__bfxstream_in trades' -l stats -d 'Print counters as one JSON object on standard error when done.'
complete -c bfxstream -n '__bfxstream_in trades' -l url -r -f -d 'Another WebSocket endpoint.'
complete -c bfxstream -n '__bfxstream_in trades' -l rest-url -r -f -d 'Another base of the REST API, for look-ups.'
complete -c bfxstream -n '__bfxstream_in trades' -l demo -d 'Use the built-in demo exchange: no internet, no account.'
complete -c bfxstream -n '__bfxstream_in trades' -l retry-for -r -f -d 'How long to try without a connection [default: 10s at first, then for ever]'
complete -c bfxstream -n '__bfxstream_in trades' -l no-reconnect -d 'Exit 1 when the connection is lost.'
complete -c bfxstream -n '__bfxstream_in trades' -l strict -d 'Exit 5 as soon as the stream cannot be shown to be complete.'
complete -c bfxstream -n '__bfxstream_in trades' -l quiet -s q -d 'Errors only.'
complete -c bfxstream -n '__bfxstream_in trades' -l verbose -s v -d 'Every event of the connection.'
complete -c bfxstream -n '__bfxstream_in trades' -l debug -d 'Every frame, and tracebacks.'
complete -c bfxstream -n '__bfxstream_in trades' -l no-color -d 'No colour; NO_COLOR does the same.'
complete -c bfxstream -n '__bfxstream_in trades' -s h -l help -d 'Show this message and exit.'
complete -c bfxstream -n '__bfxstream_in trades' -f -a '(__bfxstream_symbols)'

complete -c bfxstream -n '__bfxstream_in book' -l prec -r -f -a 'P0 P1 P2 P3 P4 R0' -d 'P0…P4: levels by 5…1 significant digits of price. R0: single orders.'
complete -c bfxstream -n '__bfxstream_in book' -l freq -r -f -a 'F0 F1' -d 'F0: in real time. F1: every two seconds.'
complete -c bfxstream -n '__bfxstream_in book' -l len -r -f -a '1 25 100 250' -d 'Levels (R0: orders) on each side.'
complete -c bfxstream -n '__bfxstream_in book' -l view -r -f -a 'levels full top' -d 'levels: every row. full: the whole book after each burst. top: the best bid and ask.'
complete -c bfxstream -n '__bfxstream_in book' -l every -r -f -d 'With --view full or top: at most one in this time.'
complete -c bfxstream -n '__bfxstream_in book' -l output -s o -r -f -a 'auto table jsonl csv raw' -d 'auto: a table on a terminal, JSON Lines in a pipe. raw: the exchange\'s frames.'
complete -c bfxstream -n '__bfxstream_in book' -l json -d 'The same as -o jsonl.'
complete -c bfxstream -n '__bfxstream_in book' -l fields -r -f -d 'Only these keys (columns), in this order: a,b,c.'
complete -c bfxstream -n '__bfxstream_in book' -l count -s n -r -f -d 'Stop after this many records.'
complete -c bfxstream -n '__bfxstream_in book' -l duration -r -f -d 'Stop after this time: 30s, 5m, 2h, or seconds.'
complete -c bfxstream -n '__bfxstream_in book' -l once -d 'Print one complete value for each subscription, then exit.'
complete -c bfxstream -n '__bfxstream_in book' -l timeout -r -f -d 'Give up (exit 1) when nothing came for this long.'
complete -c bfxstream -n '__bfxstream_in book' -l no-snapshot -d 'Leave out the records of the snapshot.'
complete -c bfxstream -n '__bfxstream_in book' -l timestamps -d 'Add received_mts (local clock) and server_mts (the exchange\'s).'
complete -c bfxstream -n '__bfxstream_in book' -l seq -d 'Add seq, the exchange\'s sequence number.'
complete -c bfxstream -n '__bfxstream_in book' -l events -d 'Put lifecycle events into the stream as records.'
complete -c bfxstream -n '__bfxstream_in book' -l stats -d 'Print counters as one JSON object on standard error when done.'
complete -c bfxstream -n '__bfxstream_in book' -l url -r -f -d 'Another WebSocket endpoint.'
complete -c bfxstream -n '__bfxstream_in book' -l rest-url -r -f -d 'Another base of the REST API, for look-ups.'
complete -c bfxstream -n '__bfxstream_in book' -l demo -d 'Use the built-in demo exchange: no internet, no account.'
complete -c bfxstream -n '__bfxstream_in book' -l retry-for -r -f -d 'How long to try without a connection [default: 10s at first, then for ever]'
complete -c bfxstream -n '__bfxstream_in book' -l no-reconnect -d 'Exit 1 when the connection is lost.'
complete -c bfxstream -n '__bfxstream_in book' -l strict -d 'Exit 5 as soon as the stream cannot be shown to be complete.'
complete -c bfxstream -n '__bfxstream_in book' -l quiet -s q -d 'Errors only.'
complete -c bfxstream -n '__bfxstream_in book' -l verbose -s v -d 'Every event of the connection.'
complete -c bfxstream -n '__bfxstream_in book' -l debug -d 'Every frame, and tracebacks.'
complete -c bfxstream -n '__bfxstream_in book' -l no-color -d 'No colour; NO_COLOR does the same.'
complete -c bfxstream -n '__bfxstream_in book' -s h -l help -d 'Show this message and exit.'
complete -c bfxstream -n '__bfxstream_in book' -f -a '(__bfxstream_symbols)'

complete -c bfxstream -n '__bfxstream_in candles' -l timeframe -r -f -a '1m 5m 15m 30m 1h 3h 6h 12h 1D 7D 1W 14D 1M' -d 'How long a candle is; 1m is a minute, 1M a month.'
complete -c bfxstream -n '__bfxstream_in candles' -l period -r -f -d 'Of funding currencies: p30 (30 days) or a30:p2:p30 (2 to 30 days in one).'
complete -c bfxstream -n '__bfxstream_in candles' -l closed -d 'Print each candle once: when a later one has begun.'
complete -c bfxstream -n '__bfxstream_in candles' -l output -s o -r -f -a 'auto table jsonl csv raw' -d 'auto: a table on a terminal, JSON Lines in a pipe. raw: the exchange\'s frames.'
complete -c bfxstream -n '__bfxstream_in candles' -l json -d 'The same as -o jsonl.'
complete -c bfxstream -n '__bfxstream_in candles' -l fields -r -f -d 'Only these keys (columns), in this order: a,b,c.'
complete -c bfxstream -n '__bfxstream_in candles' -l count -s n -r -f -d 'Stop after this many records.'
complete -c bfxstream -n '__bfxstream_in candles' -l duration -r -f -d 'Stop after this time: 30s, 5m, 2h, or seconds.'
complete -c bfxstream -n '__bfxstream_in candles' -l once -d 'Print one complete value for each subscription, then exit.'
complete -c bfxstream -n '__bfxstream_in candles' -l timeout -r -f -d 'Give up (exit 1) when nothing came for this long.'
complete -c bfxstream -n '__bfxstream_in candles' -l no-snapshot -d 'Leave out the records of the snapshot.'
complete -c bfxstream -n '__bfxstream_in candles' -l timestamps -d 'Add received_mts (local clock) and server_mts (the exchange\'s).'
complete -c bfxstream -n '__bfxstream_in candles' -l seq -d 'Add seq, the exchange\'s sequence number.'
complete -c bfxstream -n '__bfxstream_in candles' -l events -d 'Put lifecycle events into the stream as records.'
complete -c bfxstream -n '__bfxstream_in candles' -l stats -d 'Print counters as one JSON object on standard error when done.'
complete -c bfxstream -n '__bfxstream_in candles' -l url -r -f -d 'Another WebSocket endpoint.'
complete -c bfxstream -n '__bfxstream_in candles' -l rest-url -r -f -d 'Another base of the REST API, for look-ups.'
complete -c bfxstream -n '__bfxstream_in candles' -l demo -d 'Use the built-in demo exchange: no internet, no account.'
complete -c bfxstream -n '__bfxstream_in candles' -l retry-for -r -f -d 'How long to try without a connection [default: 10s at first, then for ever]'
complete -c bfxstream -n '__bfxstream_in candles' -l no-reconnect -d 'Exit 1 when the connection is lost.'
complete -c bfxstream -n '__bfxstream_in candles' -l strict -d 'Exit 5 as soon as the stream cannot be shown to be complete.'
complete -c bfxstream -n '__bfxstream_in candles' -l quiet -s q -d 'Errors only.'
complete -c bfxstream -n '__bfxstream_in candles' -l verbose -s v -d 'Every event of the connection.'
complete -c bfxstream -n '__bfxstream_in candles' -l debug -d 'Every frame, and tracebacks.'
complete -c bfxstream -n '__bfxstream_in candles' -l no-color -d 'No colour; NO_COLOR does the same.'
complete -c bfxstream -n '__bfxstream_in candles' -s h -l help -d 'Show this message and exit.'
complete -c bfxstream -n '__bfxstream_in candles' -f -a '(__bfxstream_symbols)'

complete -c bfxstream -n '__bfxstream_in deriv' -l every-update -d 'Print also what repeats the record before it.'
complete -c bfxstream -n '__bfxstream_in deriv' -l output -s o -r -f -a 'auto table jsonl csv raw' -d 'auto: a table on a terminal, JSON Lines in a pipe. raw: the exchange\'s frames.'
complete -c bfxstream -n '__bfxstream_in deriv' -l json -d 'The same as -o jsonl.'
complete -c bfxstream -n '__bfxstream_in deriv' -l fields -r -f -d 'Only these keys (columns), in this order: a,b,c.'
complete -c bfxstream -n '__bfxstream_in deriv' -l count -s n -r -f -d 'Stop after this many records.'
complete -c bfxstream -n '__bfxstream_in deriv' -l duration -r -f -d 'Stop after this time: 30s, 5m, 2h, or seconds.'
complete -c bfxstream -n '__bfxstream_in deriv' -l once -d 'Print one complete value for each subscription, then exit.'
complete -c bfxstream -n '__bfxstream_in deriv' -l timeout -r -f -d 'Give up (exit 1) when nothing came for this long.'
complete -c bfxstream -n '__bfxstream_in deriv' -l no-snapshot -d 'Leave out the records of the snapshot.'
complete -c bfxstream -n '__bfxstream_in deriv' -l timestamps -d 'Add received_mts (local clock) and server_mts (the exchange\'s).'
complete -c bfxstream -n '__bfxstream_in deriv' -l seq -d 'Add seq, the exchange\'s sequence number.'
complete -c bfxstream -n '__bfxstream_in deriv' -l events -d 'Put lifecycle events into the stream as records.'
complete -c bfxstream -n '__bfxstream_in deriv' -l stats -d 'Print counters as one JSON object on standard error when done.'
complete -c bfxstream -n '__bfxstream_in deriv' -l url -r -f -d 'Another WebSocket endpoint.'
complete -c bfxstream -n '__bfxstream_in deriv' -l rest-url -r -f -d 'Another base of the REST API, for look-ups.'
complete -c bfxstream -n '__bfxstream_in deriv' -l demo -d 'Use the built-in demo exchange: no internet, no account.'
complete -c bfxstream -n '__bfxstream_in deriv' -l retry-for -r -f -d 'How long to try without a connection [default: 10s at first, then for ever]'
complete -c bfxstream -n '__bfxstream_in deriv' -l no-reconnect -d 'Exit 1 when the connection is lost.'
complete -c bfxstream -n '__bfxstream_in deriv' -l strict -d 'Exit 5 as soon as the stream cannot be shown to be complete.'
complete -c bfxstream -n '__bfxstream_in deriv' -l quiet -s q -d 'Errors only.'
complete -c bfxstream -n '__bfxstream_in deriv' -l verbose -s v -d 'Every event of the connection.'
complete -c bfxstream -n '__bfxstream_in deriv' -l debug -d 'Every frame, and tracebacks.'
complete -c bfxstream -n '__bfxstream_in deriv' -l no-color -d 'No colour; NO_COLOR does the same.'
complete -c bfxstream -n '__bfxstream_in deriv' -s h -l help -d 'Show this message and exit.'
complete -c bfxstream -n '__bfxstream_in deriv' -f -a '(__bfxstream_symbols)'

complete -c bfxstream -n '__bfxstream_in liquidations' -l output -s o -r -f -a 'auto table jsonl csv raw' -d 'auto: a table on a terminal, JSON Lines in a pipe. raw: the exchange\'s frames.'
complete -c bfxstream -n '__bfxstream_in liquidations' -l json -d 'The same as -o jsonl.'
complete -c bfxstream -n '__bfxstream_in liquidations' -l fields -r -f -d 'Only these keys (columns), in this order: a,b,c.'
complete -c bfxstream -n '__bfxstream_in liquidations' -l count -s n -r -f -d 'Stop after this many records.'
complete -c bfxstream -n '__bfxstream_in liquidations' -l duration -r -f -d 'Stop after this time: 30s, 5m, 2h, or seconds.'
complete -c bfxstream -n '__bfxstream_in liquidations' -l once -d 'Print one complete value for each subscription, then exit.'
complete -c bfxstream -n '__bfxstream_in liquidations' -l timeout -r -f -d 'Give up (exit 1) when nothing came for this long.'
complete -c bfxstream -n '__bfxstream_in liquidations' -l no-snapshot -d 'Leave out the records of the snapshot.'
complete -c bfxstream -n '__bfxstream_in liquidations' -l timestamps -d 'Add received_mts (local clock) and server_mts (the exchange\'s).'
complete -c bfxstream -n '__bfxstream_in liquidations' -l seq -d 'Add seq, the exchange\'s sequence number.'
complete -c bfxstream -n '__bfxstream_in liquidations' -l events -d 'Put lifecycle events into the stream as records.'
complete -c bfxstream -n '__bfxstream_in liquidations' -l stats -d 'Print counters as one JSON object on standard error when done.'
complete -c bfxstream -n '__bfxstream_in liquidations' -l url -r -f -d 'Another WebSocket endpoint.'
complete -c bfxstream -n '__bfxstream_in liquidations' -l rest-url -r -f -d 'Another base of the REST API, for look-ups.'
complete -c bfxstream -n '__bfxstream_in liquidations' -l demo -d 'Use the built-in demo exchange: no internet, no account.'
complete -c bfxstream -n '__bfxstream_in liquidations' -l retry-for -r -f -d 'How long to try without a connection [default: 10s at first, then for ever]'
complete -c bfxstream -n '__bfxstream_in liquidations' -l no-reconnect -d 'Exit 1 when the connection is lost.'
complete -c bfxstream -n '__bfxstream_in liquidations' -l strict -d 'Exit 5 as soon as the stream cannot be shown to be complete.'
complete -c bfxstream -n '__bfxstream_in liquidations' -l quiet -s q -d 'Errors only.'
complete -c bfxstream -n '__bfxstream_in liquidations' -l verbose -s v -d 'Every event of the connection.'
complete -c bfxstream -n '__bfxstream_in liquidations' -l debug -d 'Every frame, and tracebacks.'
complete -c bfxstream -n '__bfxstream_in liquidations' -l no-color -d 'No colour; NO_COLOR does the same.'
complete -c bfxstream -n '__bfxstream_in liquidations' -s h -l help -d 'Show this message and exit.'

complete -c bfxstream -n '__bfxstream_in stream' -l from -r -F -d 'Read SPECs from a file, one a line; - is stdin.'
complete -c bfxstream -n '__bfxstream_in stream' -l view -r -f -a 'levels full top' -d 'levels: every row. full: the whole book after each burst. top: the best bid and ask.'
complete -c bfxstream -n '__bfxstream_in stream' -l every -r -f -d 'With --view full or top: at most one in this time.'
complete -c bfxstream -n '__bfxstream_in stream' -l every-update -d 'Print both te and tu of a trade, and status that repeats.'
complete -c bfxstream -n '__bfxstream_in stream' -l closed -d 'Print each candle once: when a later one has begun.'
complete -c bfxstream -n '__bfxstream_in stream' -l output -s o -r -f -a 'auto table jsonl csv raw' -d 'auto: a table on a terminal, JSON Lines in a pipe. raw: the exchange\'s frames.'
complete -c bfxstream -n '__bfxstream_in stream' -l json -d 'The same as -o jsonl.'
complete -c bfxstream -n '__bfxstream_in stream' -l fields -r -f -d 'Only these keys (columns), in this order: a,b,c.'
complete -c bfxstream -n '__bfxstream_in stream' -l count -s n -r -f -d 'Stop after this many records.'
complete -c bfxstream -n '__bfxstream_in stream' -l duration -r -f -d 'Stop after this time: 30s, 5m, 2h, or seconds.'
complete -c bfxstream -n '__bfxstream_in stream' -l once -d 'Print one complete value for each subscription, then exit.'
complete -c bfxstream -n '__bfxstream_in stream' -l timeout -r -f -d 'Give up (exit 1) when nothing came for this long.'
complete -c bfxstream -n '__bfxstream_in stream' -l no-snapshot -d 'Leave out the records of the snapshot.'
complete -c bfxstream -n '__bfxstream_in stream' -l timestamps -d 'Add received_mts (local clock) and server_mts (the exchange\'s).'
complete -c bfxstream -n '__bfxstream_in stream' -l seq -d 'Add seq, the exchange\'s sequence number.'
complete -c bfxstream -n '__bfxstream_in stream' -l events -d 'Put lifecycle events into the stream as records.'
complete -c bfxstream -n '__bfxstream_in stream' -l stats -d 'Print counters as one JSON object on standard error when done.'
complete -c bfxstream -n '__bfxstream_in stream' -l url -r -f -d 'Another WebSocket endpoint.'
complete -c bfxstream -n '__bfxstream_in stream' -l rest-url -r -f -d 'Another base of the REST API, for look-ups.'
complete -c bfxstream -n '__bfxstream_in stream' -l demo -d 'Use the built-in demo exchange: no internet, no account.'
complete -c bfxstream -n '__bfxstream_in stream' -l retry-for -r -f -d 'How long to try without a connection [default: 10s at first, then for ever]'
complete -c bfxstream -n '__bfxstream_in stream' -l no-reconnect -d 'Exit 1 when the connection is lost.'
complete -c bfxstream -n '__bfxstream_in stream' -l strict -d 'Exit 5 as soon as the stream cannot be shown to be complete.'
complete -c bfxstream -n '__bfxstream_in stream' -l quiet -s q -d 'Errors only.'
complete -c bfxstream -n '__bfxstream_in stream' -l verbose -s v -d 'Every event of the connection.'
complete -c bfxstream -n '__bfxstream_in stream' -l debug -d 'Every frame, and tracebacks.'
complete -c bfxstream -n '__bfxstream_in stream' -l no-color -d 'No colour; NO_COLOR does the same.'
complete -c bfxstream -n '__bfxstream_in stream' -s h -l help -d 'Show this message and exit.'
complete -c bfxstream -n '__bfxstream_in stream' -f -a '(__bfxstream_specs)'

complete -c bfxstream -n '__bfxstream_in symbols' -l kind -r -f -a 'exchange margin futures funding' -d 'Only these.'
complete -c bfxstream -n '__bfxstream_in symbols' -l refresh -d 'Ask the exchange, however new the list is that is kept.'
complete -c bfxstream -n '__bfxstream_in symbols' -l output -s o -r -f -a 'auto table jsonl csv' -d 'auto: a table on a terminal, JSON Lines in a pipe.'
complete -c bfxstream -n '__bfxstream_in symbols' -l json -d 'The same as -o jsonl.'
complete -c bfxstream -n '__bfxstream_in symbols' -l fields -r -f -d 'Only these keys (columns), in this order: a,b,c.'
complete -c bfxstream -n '__bfxstream_in symbols' -l url -r -f -d 'Another WebSocket endpoint.'
complete -c bfxstream -n '__bfxstream_in symbols' -l rest-url -r -f -d 'Another base of the REST API, for look-ups.'
complete -c bfxstream -n '__bfxstream_in symbols' -l demo -d 'Use the built-in demo exchange: no internet, no account.'
complete -c bfxstream -n '__bfxstream_in symbols' -l quiet -s q -d 'Errors only.'
complete -c bfxstream -n '__bfxstream_in symbols' -l debug -d 'Every frame, and tracebacks.'
complete -c bfxstream -n '__bfxstream_in symbols' -l no-color -d 'No colour; NO_COLOR does the same.'
complete -c bfxstream -n '__bfxstream_in symbols' -s h -l help -d 'Show this message and exit.'

complete -c bfxstream -n '__bfxstream_in demo-exchange' -l port -r -f -d '0: any free port.'
complete -c bfxstream -n '__bfxstream_in demo-exchange' -l seed -r -f -d 'The same seed gives the same market, trade for trade.'
complete -c bfxstream -n '__bfxstream_in demo-exchange' -l rate -r -f -d 'Orders and cancels a second, over all symbols.'
complete -c bfxstream -n '__bfxstream_in demo-exchange' -l fault -r -f -d 'Let something go wrong, again and again: see below. May be given several times.'
complete -c bfxstream -n '__bfxstream_in demo-exchange' -l log -r -F -d 'Note connections and faults in this file, as JSON Lines.'
complete -c bfxstream -n '__bfxstream_in demo-exchange' -l journal -r -F -d 'Note every trade and the books\' states, as JSON Lines.'
complete -c bfxstream -n '__bfxstream_in demo-exchange' -s h -l help -d 'Show this message and exit.'

complete -c bfxstream -n '__bfxstream_in completion' -l install -d 'Write it where the shell looks, in your home.'
complete -c bfxstream -n '__bfxstream_in completion' -s h -l help -d 'Show this message and exit.'
complete -c bfxstream -n '__bfxstream_in completion' -f -a 'bash zsh fish'

complete -c bfxstream -n '__bfxstream_in schema' -s h -l help -d 'Show this message and exit.'
complete -c bfxstream -n '__bfxstream_in schema' -f -a 'account book book-full book-levels book-orders book-top candles deriv event liq liquidations order stats stream symbols ticker trades'
