/** The text of each problem's page, by code: what it means and what to do. A test compares this list with the code. */
export const explanations: Readonly<Record<string, string>> = {
  'account-disabled': 'Whoever runs this service has disabled the account. Only they can enable it again.',
  'avatar-store-unavailable':
    'The store of pictures did not answer in time, or not correctly. The previous picture is still there: try ' +
    'again in a moment.',
  'book-full':
    'Your books together have the maximum number of contacts that this service allows. Delete some, then add others.',
  busy:
    'Several changes of the same thing came at once, and the others were faster. Nothing was written: send yours ' +
    'again.',
  'changed-meanwhile':
    'You sent If-Match, but the version has changed since you read it. Read it again, apply your change to it, ' +
    'and send it with the new ETag.',
  'database-unavailable':
    'The database did not answer in time. A change is written completely or not at all: read, then try again.',
  'email-not-confirmed':
    'The password is right, but the address is not confirmed yet. Open the link in the letter we sent, or ask ' +
    'for a new one with POST /api/auth/verification-email.',
  'email-taken': 'An account with this address exists. Log in, or use another address.',
  'first-book':
    'Every account has a first book, for contacts that are in no other. You can rename it and delete its ' +
    'contacts, but not the book itself.',
  'foreign-page':
    'A page of another site sent this request with your browser. The service accepts requests only from its own ' +
    'pages and from sites that its operator allows (CORS_ORIGINS). If you were filling in a form, open it here.',
  'send-separately':
    'At most five operations of a batch may change groups of vCards or move contacts to another book; none may if ' +
    'the batch is atomic or has an Idempotency-Key. Send this operation in a request of its own.',
  'idempotency-key-reused':
    'An Idempotency-Key belongs to one request, but within 24 hours the same key was sent with another body. Use ' +
    'a new key for a new contact, and repeat a request exactly as it was.',
  'internal-error': 'This is a bug in the service. It was logged with the request id. No change was written in part.',
  'invalid-credentials':
    'The e-mail or the password is wrong. We do not say which, so that strangers cannot find out who has an account.',
  'invalid-refresh-token': 'This is not a refresh token of this service. Log in again.',
  'invalid-token':
    'The bearer token is not a valid access token of this service: it may be incomplete, changed, or another ' +
    'kind of token. Or it is an app password that is unknown or was revoked.',
  'invalid-values': 'Some values of the request are not allowed. `errors` lists each one and says what to do.',
  'invalid-vcard':
    'The body is not a valid vCard, or exceeds a limit. `errors` names the line and says what to do. A vCard ' +
    'begins with BEGIN:VCARD and ends with END:VCARD; it has at most 1,000 lines, 100 of each property, and 64 ' +
    'KB without its pictures.',
  'last-admin':
    'The last admin cannot be demoted, disabled or deleted, because nobody could run the service then. Make ' +
    'another account an admin first.',
  'letter-not-failed': 'Only a failed letter can be resent: this one is waiting to be sent, or was sent already.',
  'changes-restart':
    'The database was restored from a backup, so your copy may contain changes that it does not have. Leave ' +
    '`since` out, read the whole book again, and store the new `next`.',
  'link-not-found':
    'The link does not exist, has expired, or has been used. Ask for a new letter, and open the link in it.',
  'method-not-allowed': 'This URL exists, but does not support the method. `Allow` lists the methods that it supports.',
  'not-permitted':
    'You are signed in, but the role of your account does not have this permission; the operator of the service ' +
    'can change that. Or you sent an app password whose scope does not allow this: log in instead.',
  'not-configured':
    'A variable of this deployment is missing or wrong. `detail` names it, and tells the operator how to fix it.',
  'not-found': 'There is nothing at this URL, or it belongs to somebody else.',
  'not-signed-in': 'This needs an access token: log in, and send it as `Authorization: Bearer …`.',
  'gate-unavailable':
    'The part of the service that counts requests and checks sessions did not answer. Nothing was changed: try ' +
    'again in a moment.',
  'precondition-failed':
    'You sent a change with If-None-Match, and it matches the current version (`*` matches any version). Or you sent ' +
    'If-Match for something that has no ETag. Nothing was changed: leave the header out. To change only the version ' +
    'that you have seen, send If-Match with the ETag of a response.',
  'reset-required':
    'A reset of the password was requested, and the old password is locked until a new one is chosen. Open the ' +
    'link in the letter, or ask for another letter.',
  'session-revoked':
    'The session of this token has ended: it was logged out, expired, ended by a new password, or an old refresh ' +
    'token was used again. Log in again.',
  'token-expired':
    'An access token is valid for some minutes. Exchange your refresh token for new tokens with POST ' +
    '/api/auth/refresh.',
  'several-vcards':
    'The body has more than one vCard, but this route takes one contact at a time. Send each vCard in its own request.',
  'slug-taken':
    'A slug is the name of a book in URLs, and another of your books already has this one. Send another slug, or ' +
    'leave it out: then the service makes one from the name.',
  'storage-full':
    'Your account has reached its maximum size. Contacts with their vCards, their history, and the trash count. ' +
    'Delete contacts, empty the trash, and try again.',
  'import-running':
    'Continue the import with POST /api/imports/{id}/continue until its `state` is `done`. You may have three imports ' +
    'that are not done, because each stores its file.',
  'import-too-old':
    'The report of an import is stored for 30 days, and for your last 20 imports. Without it, the import cannot be ' +
    'undone. The history of each contact and the trash may still have what you are looking for.',
  'invalid-file':
    'Nothing in the file can be read. Send vCards, or CSV whose first row has the names of columns. If the encoding ' +
    'was not recognized, name it with `charset`; if columns were not, send a `mapping`.',
  'too-many-app-passwords':
    'You have 25 app passwords, which is the maximum. Revoke those of phones and programs that you no longer use.',
  'too-many-books': 'You have 20 books, which is the maximum. Delete one that you do not use, or use labels instead.',
  'too-large': 'The body is larger than this route allows.',
  'too-many-requests':
    'Rate limits protect the service from clients that send too many requests. `Retry-After` says in how many ' +
    'seconds to try again; `violated_policies` names the limits, and the headers RateLimit and RateLimit-Policy ' +
    'have their status.',
  'uid-taken':
    'A vCard has a UID, by which programs recognize the same contact. Another contact of yours has this UID ' +
    'already. `contact` is its id: replace that contact, or send the vCard without its UID.',
  'unreadable-body': 'The body is not well-formed JSON in UTF-8, or not a well-formed form.',
  'wrong-password':
    'The token is valid, but the current password that you sent is wrong. This counts as a failed login.',
  'unsupported-media-type':
    'Send the media type that the documentation names, usually `Content-Type: application/json`. A picture has ' +
    'to be a JPEG, PNG, WebP or GIF. Its bytes decide that, not its name or its declared type.',
}
