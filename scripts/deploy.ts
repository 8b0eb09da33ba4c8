import { inFolder, runCommand } from './command.ts'
import { signIn, subdomainOf } from './deploy/account.ts'
import { askAtTerminal } from './deploy/ask.ts'
import { waitUntilWell } from './deploy/health.ts'
import { askForMail } from './deploy/mail.ts'
import { type Deployment, type Options, readOptions } from './deploy/options.ts'
import { domainCommand, planOf } from './deploy/plan.ts'
import { deployedOf, findOrCreate, refuseTaking } from './deploy/resources.ts'
import {
  changeKey,
  checkConfiguration,
  checkEarly,
  givenSecrets,
  keyFile,
  refuseBoth,
  secretsToUpload,
} from './deploy/secrets.ts'
import { readSettings, type Settings, writeSettings } from './deploy/settings.ts'
import { applyMigrations, build, chooseAddress, upload } from './deploy/steps.ts'
import { wrangler } from './deploy/wrangler.ts'
import { describeUnknown, warnOfMisspelt } from './variables.ts'

const secretTexts = new Set<string>()
const minSecretLength = 6 // Shorter texts are ordinary words, too.

/** Hides texts in all output, also in errors of other programs. */
function conceal(texts: Readonly<Record<string, string>>): void {
  for (const text of Object.values(texts)) if (text.length >= minSecretLength) secretTexts.add(text)
}
const redact = (text: string) => [...secretTexts].reduce((rest, secret) => rest.replaceAll(secret, '…'), text)

/** Runs one step, and prints its result beside its name. */
async function step(label: string, work: () => Promise<string>): Promise<void> {
  process.stdout.write(`  ${label.padEnd(12)}`)
  try {
    console.log(redact(await work()))
  } catch (error) {
    console.log('–')
    throw error
  }
}

/** Deploys step by step. Each step first looks at what exists, so a run that broke off can be repeated. */
async function deploy(options: Options, folder: string): Promise<void> {
  const { environment, waitSeconds, key } = options
  const settings = () => readSettings(environment) // Read again each time, because steps write into it.
  if (options.dryRun) {
    console.log(`What npm run deploy does for ${environment}. Nothing is asked, sent or written now.\n`)
    console.log(`${planOf(settings(), options)}\n\nThe Worker, as it is built now: ${await build(options, folder)}.`)
    return
  }

  warnOfMisspelt()
  const ignored = settings().ignoredVars.join(', ')
  if (ignored) {
    const advice = `repeat it under [env.${environment}.vars].`
    console.warn(`wrangler.toml sets ${ignored} at its top, which only npm start reads: ${advice}`)
  }
  const ask = askAtTerminal()
  const input = givenSecrets(options.secretsFile)
  conceal(input)
  checkEarly(environment, settings().vars, input)
  console.log(`Deploying Vizitka to ${environment}.\n`)
  const account = await signIn(settings().accountId, ask)
  if (account.isChosen) writeSettings(environment, [{ table: '', key: 'account_id', value: account.id }])
  const deployed = await deployedOf(account, settings())
  const { exists, secrets: existing } = deployed
  const deployment: Deployment = { options, account, ask, input, deployed }
  if (key !== undefined) return step('Key', () => changeKey(key, deployment))
  const subdomain = await subdomainOf(account, options.subdomain, ask)
  await step('Account', async () => `${account.name}; ${exists ? 'the Worker is there' : 'no such Worker yet'}`)
  await step('Build', () => build(options, folder))
  await step('Database', () => findOrCreate('database', deployment))
  await step('Cache', () => findOrCreate('cache', deployment))

  const { url, note } = await chooseAddress(deployment, subdomain)
  await step('Address', async () => `${url}${note}`)
  const all = { ...input, ...(await askForMail(deployment)) }
  const { upload: secrets, isNewKey } = secretsToUpload(environment, all, existing)
  conceal({ ...all, ...secrets })
  const names = Object.keys(secrets)
  await step('Secrets', async () => {
    refuseBoth(environment, settings().vars, existing)
    checkConfiguration(environment, settings().vars, secrets, existing)
    const uploads = names.length === 0 ? 'all there' : `to upload: ${names.join(', ')}${isNewKey ? ' (made)' : ''}`
    const isIgnored = all.SECRET_KEY && !names.includes('SECRET_KEY')
    const remaining = isIgnored ? '; SECRET_KEY stays as it is (--rotate-key changes it)' : ''
    return [uploads + remaining, ...describeUnknown(existing, 'The Worker')].join('\n    ')
  })

  if (exists) await refuseTaking(deployment)
  await step('Migrations', () => applyMigrations(deployment, all))
  let versionId: string | undefined
  await step('Worker', async () => {
    const uploaded = await upload(deployment, folder, secrets)
    versionId = uploaded.versionId
    const limits = uploaded.isLimited ? '' : ', without limits.cpu_ms, which the free plan does not take'
    return `version ${versionId}${limits}`
  })
  const { domains } = settings()
  if (!exists && domains.length > 0) {
    await step('Domain', async () => {
      await refuseTaking(deployment)
      await wrangler(domainCommand(environment), account.id)
      return domains.join(', ')
    })
  }
  const healthUrl = options.healthUrl ?? `${url}/api/healthchecker`
  await step('Health', () => waitUntilWell(healthUrl, versionId, waitSeconds, environment))
  console.log(`\nVizitka is at ${url}\n\n${nextSteps(settings(), url, [...existing, ...names], isNewKey)}`)
}

/** What the person has to do next. */
function nextSteps(
  { environment, vars }: Settings,
  url: string,
  secrets: readonly string[],
  isNewKey: boolean,
): string {
  const has = (name: string) => Boolean(vars[name]) || secrets.includes(name)
  const [file, key] = process.env.CI
    ? [
        'What was written into wrangler.toml is gone with this build: the next one finds everything by its name.',
        'SECRET_KEY was made, and only Cloudflare has it: to change it later, everybody has to log in again.',
      ]
    : [
        'wrangler.toml holds the ids and the address: commit it.',
        `${keyFile(environment)} holds SECRET_KEY, which Cloudflare never tells again: keep a copy of it.`,
      ]
  const mail = `Addresses are confirmed by letter, and none is sent yet: set SMTP_HOST and MAIL_FROM in [env.${environment}.vars].`
  const admin = has('ADMIN_EMAIL') ? '.' : '; then ADMIN_EMAIL makes you an admin.'
  const signUp = `Sign up at ${url}/docs and open the link in the letter${admin}`
  return [file, ...(isNewKey ? [key] : []), ...(has('SMTP_HOST') ? [] : [mail]), signUp]
    .map((line) => `  - ${line}`)
    .join('\n')
}

if (import.meta.main) {
  // A closed output (`… | head`) must not stop a deployment half way.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  await runCommand(() => inFolder((folder) => deploy(readOptions(process.argv.slice(2)), folder)), redact)
}
