// bitfinex-api-node: one JSON line for each event of ticker, trades and book.
'use strict'

const BFX = require('bitfinex-api-node')

async function main ([url, ...specs]) {
  const ws = new BFX({ ws: { url } }).ws(2)
  const show = (symbol, data) => process.stdout.write(JSON.stringify({ symbol, data }) + '\n')
  ws.on('ticker', show)
  ws.on('trades', show)
  ws.on('orderbook', show)
  ws.on('error', (error) => console.error(error))
  await ws.open()
  for (const spec of specs) {
    const [channel, symbol, prec = 'P0', , length = '25'] = spec.split(':')
    if (channel === 'ticker') await ws.subscribeTicker(symbol)
    else if (channel === 'trades') await ws.subscribeTrades(symbol)
    else await ws.subscribeOrderBook(symbol, prec, length)
  }
}

main(process.argv.slice(2).filter((argument) => argument !== '--flush'))
