import { inFolder, runCommand } from './command.ts'
import { accountOf, signIn, subdomainOf } from './deploy/account.ts'
import { askerAt } from './deploy/ask.ts'
import { waitUntilWell } from './deploy/health.ts'
import { askForMail } from './deploy/mail.ts'
import { type Options, readOptions } from './deploy/options.ts'
import { domainCommand, planOf } from './deploy/plan.ts'
import { deployedOf, type Resource, refuseTaking, resourceOf } from './deploy/resources.ts'
import { changeKey } from './deploy/rotate.ts'
import { conceal, redact, step } from './deploy/say.ts'
import {
  checkConfiguration,
  checkEarly,
  givenSecrets,
  keptFile,
  refuseBoth,
  secretsToUpload,
} from './deploy/secrets.ts'
import { readSettings, type Settings, writeSettings } from './deploy/settings.ts'
import { applyMigrations, build, settleAddress, upload } from './deploy/steps.ts'
import { wrangler } from './deploy/wrangler.ts'
import { describeUnknown, warnOfMisspelt } from './variables.ts'

/** Does it, step by step; each looks at what is there first, so that a run that broke off is gone on with. */
async function deploy(options: Options, folder: string): Promise<void> {
  const { environment, waitSeconds, takeDomain } = options
  const settings = () => readSettings(environment) // anew each time: the steps write into it
  const plan = planOf(settings(), options)
  if (options.dryRun) {
    console.log(`What npm run deploy does for ${environment}. Nothing is asked, sent or written now.\n\n${plan}`)
    console.log(`\nThe Worker, as it is built now: ${await build(options, folder)}.`)
    return
  }

  warnOfMisspelt()
  const { ignoredVars } = settings()
  if (ignoredVars.length > 0) {
    const names = ignoredVars.join(', ')
    console.warn(
      `wrangler.toml sets ${names} at its top, which only npm start reads: repeat it under [env.${environment}.vars].`,
    )
  }
  const ask = askerAt()
  const input = givenSecrets(options.secretsFile)
  conceal(Object.values(input))
  checkEarly(environment, settings().vars, input)
  console.log(`Deploying Vizitka to ${environment}.\n`)
  const account = await accountOf(await signIn(ask), settings().accountId, ask)
  if (account.isChosen) writeSettings(environment, [{ table: '', key: 'account_id', value: account.id }])
  const deployed = await deployedOf(account, settings())
  const { key } = options
  if (key !== undefined) {
    await step('Key', () => changeKey(key, settings(), input, deployed.secrets, account.id, ask))
    return
  }
  const subdomain = await subdomainOf(account, options.subdomain, ask)
  await step(
    'Account',
    async () => `${account.name}; ${deployed.exists ? 'the Worker is there' : 'no such Worker yet'}`,
  )
  await step('Build', () => build(options, folder))
  await step('Database', async () => words(await resourceOf('database', account, settings())))
  await step('Cache', async () => words(await resourceOf('cache', account, settings())))

  const { url, note } = await settleAddress(options, subdomain, deployed, ask)
  await step('Address', async () => `${url}${note}`)
  const all = { ...input, ...(await askForMail(environment, input, deployed.secrets, ask)) }
  const { upload: secrets, made } = secretsToUpload(environment, all, deployed.secrets)
  conceal(Object.values({ ...all, ...secrets }))
  const names = Object.keys(secrets)
  await step('Secrets', async () => {
    refuseBoth(environment, settings().vars, deployed.secrets)
    checkConfiguration(environment, settings().vars, secrets, deployed.secrets)
    const remaining =
      all.SECRET_KEY && !names.includes('SECRET_KEY') ? '; SECRET_KEY stays as it is (--rotate-key changes it)' : ''
    const unknown = describeUnknown(deployed.secrets, 'The Worker').map((warning) => `\n    ${warning}`)
    return `${names.length === 0 ? 'all there' : `to upload: ${names.join(', ')}${made ? ' (made)' : ''}`}${remaining}${unknown.join('')}`
  })

  if (deployed.exists) await refuseTaking(account, settings(), takeDomain, ask)
  await step('Migrations', () => applyMigrations(account, settings(), all))
  let versionId: string | undefined
  await step('Worker', async () => {
    const uploaded = await upload(settings(), folder, secrets, account.id, deployed.exists)
    versionId = uploaded.versionId
    return `version ${versionId}${uploaded.limited ? '' : ', without limits.cpu_ms, which the free plan does not take'}`
  })
  const { domains } = settings()
  if (!deployed.exists && domains.length > 0) {
    await step('Domain', async () => {
      await refuseTaking(account, settings(), takeDomain, ask)
      await wrangler(domainCommand(environment), account.id)
      return domains.join(', ')
    })
  }
  const healthUrl = options.healthUrl ?? `${url}/api/healthchecker`
  await step('Health', () => waitUntilWell(healthUrl, versionId, waitSeconds, environment))
  console.log(`\nVizitka is at ${url}\n\n${nextSteps(settings(), url, [...deployed.secrets, ...names], made)}`)
}

const words = ({ id, done }: Resource) => `${{ made: 'made', found: 'found by its name', known: 'known' }[done]}: ${id}`

/** What is left for the person to do. */
function nextSteps({ environment, vars }: Settings, url: string, secrets: readonly string[], made: boolean): string {
  const has = (name: string) => Boolean(vars[name]) || secrets.includes(name)
  const lines: string[] = []
  if (process.env.CI) {
    lines.push(
      'What was written into wrangler.toml is gone with this build: the next one finds everything by its name.',
    )
    if (made)
      lines.push('SECRET_KEY was made, and only Cloudflare has it: to change it later, everybody has to log in again.')
  } else {
    lines.push('wrangler.toml holds the ids and the address: commit it.')
    if (made)
      lines.push(`${keptFile(environment)} holds SECRET_KEY, which Cloudflare never tells again: keep a copy of it.`)
  }
  if (!has('SMTP_HOST')) {
    lines.push(
      `Addresses are confirmed by letter, and none is sent yet: set SMTP_HOST and MAIL_FROM in [env.${environment}.vars].`,
    )
  }
  lines.push(
    `Sign up at ${url}/docs and open the link in the letter${has('ADMIN_EMAIL') ? '.' : '; then ADMIN_EMAIL makes you an admin.'}`,
  )
  return lines.map((line) => `  - ${line}`).join('\n')
}

if (import.meta.main) {
  // What nobody reads any more (`… | head`) is no reason to leave a deployment half done.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  await runCommand(() => inFolder((folder) => deploy(readOptions(process.argv.slice(2)), folder)), redact)
}
