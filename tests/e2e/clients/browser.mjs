// Drives headless Chromium: each line of standard input is a command, answered with one line.
//   open URL TITLE    opens a tab and waits until its title is TITLE: "opened", or the title
//   close             closes the tab as a person does: "closed"
// Usage: node browser.mjs PROFILE_FOLDER. The end of the input ends the browser.
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'

const { chromium } = createRequire(`${process.env.PEAL_NPM}/`)('playwright-core')
const WAIT_MS = 15_000

const context = await chromium.launchPersistentContext(process.argv[2], {
  executablePath: '/usr/bin/chromium',
  headless: true,
  ignoreHTTPSErrors: true,
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync'],
})
console.log('started')

let page
for await (const line of createInterface({ input: process.stdin })) {
  const [command, url, ...words] = line.split(' ')
  if (command === 'open') {
    page = await context.newPage()
    page.on('console', message => console.error(message.text()))
    await page.goto(url)
    const title = words.join(' ')
    await page.waitForFunction(t => document.title === t, title, { timeout: WAIT_MS })
      .catch(() => {})
    const got = await page.title()
    console.log(got === title ? 'opened' : `the title is ${got}`)
  } else {
    await page.close({ runBeforeUnload: false })
    console.log('closed')
  }
}
await context.close()
