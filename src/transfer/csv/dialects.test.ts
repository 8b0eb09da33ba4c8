import { describe, expect, it } from 'vitest'
import { fileOf, only, row } from '../../../test/csv.ts'
import { readFields } from '../../cards/read.ts'

describe('a CSV file', () => {
  it('of Google, as it was until 2024, gives all lists with their labels', () => {
    const text = row({
      ...{ Name: 'Олесь Гончар', 'Given Name': 'Олесь', 'Family Name': 'Гончар', 'Given Name Yomi': 'Oles' },
      ...{ Birthday: ' --04-03', Occupation: 'Writer', 'Group Membership': 'Poets ::: * starred ::: * myContacts' },
      ...{ 'E-mail 1 - Type': 'Home', 'E-mail 1 - Value': 'a@example.com ::: b@example.com' },
      ...{ 'E-mail 2 - Type': '* Work', 'E-mail 2 - Value': 'c@example.com' },
      ...{ 'IM 1 - Type': 'Work', 'IM 1 - Service': 'Skype', 'IM 1 - Value': 'oles' },
      ...{ 'Phone 1 - Type': 'Mobile', 'Phone 1 - Value': '+380 44 123 45 67' },
      ...{ 'Address 1 - Type': 'Home', 'Address 1 - Formatted': 'вул. Хрещатик, 1\nКиїв' },
      ...{ 'Organization 1 - Type': '', 'Organization 1 - Name': 'Дім', 'Organization 1 - Title': 'Редактор' },
      ...{ 'Organization 2 - Name': 'Second', 'Relation 1 - Type': 'Spouse', 'Relation 1 - Value': 'Валентина' },
      ...{ 'Website 1 - Type': 'Home Page', 'Website 1 - Value': 'https://example.com' },
      ...{ 'Event 1 - Type': 'Anniversary', 'Event 1 - Value': '1945-05-09' },
      ...{ 'Custom Field 1 - Type': 'Улюблений колір', 'Custom Field 1 - Value': 'синій' },
    })
    expect(fileOf(text)).toMatchObject({ dialect: 'google-old', delimiter: ',', charset: 'utf-8' })
    expect(only(text)).toMatchObject({
      ...{ first_name: 'Олесь', last_name: 'Гончар', full_name: 'Олесь Гончар', birthday: '--04-03', favorite: true },
      ...{ email: 'c@example.com', labels: ['Poets'] },
      name: { phonetic_first: 'Oles' },
      emails: [
        { value: 'a@example.com', label: 'home', primary: false },
        { value: 'b@example.com', label: 'home', primary: false },
        { value: 'c@example.com', label: 'work', primary: true },
      ],
      phones: [{ value: '+380 44 123 45 67', label: 'mobile' }],
      addresses: [{ street: 'вул. Хрещатик, 1\nКиїв', city: null, label: 'home' }],
      messengers: [{ value: 'oles', service: 'Skype', label: 'work' }],
      organizations: [{ name: 'Дім', title: 'Редактор', role: 'Writer' }, { name: 'Second' }],
      relations: [{ value: 'Валентина', label: 'spouse' }],
      urls: [{ value: 'https://example.com', label: 'home page' }],
      dates: [{ value: '1945-05-09', label: 'anniversary' }],
      custom: [{ name: 'X-CUSTOM', value: 'синій', label: 'Улюблений колір' }],
    })
  })

  it('of Google, as it is today, gives the same', () => {
    const text = row({
      ...{ 'First Name': 'Ann', 'Middle Name': 'B.', 'Last Name': 'Lee', 'Name Prefix': 'Dr.', 'File As': 'Lee, Ann' },
      ...{ 'Organization Name': 'ACME', 'Organization Title': 'Boss', 'Organization Department': 'One ::: Two' },
      ...{ Labels: '* myContacts', 'E-mail 1 - Label': '* Own words', 'E-mail 1 - Value': 'ann@example.com' },
      ...{ 'Phone 1 - Label': '', 'Phone 1 - Value': '1 ::: 2' },
      ...{ 'Address 1 - Label': 'Work', 'Address 1 - Formatted': 'all', 'Address 1 - Street': 'S ::: T' },
      ...{ 'Address 1 - City': 'C ::: ', 'Address 1 - Extended Address': ' ::: Flat 2' },
    })
    expect(fileOf(text).dialect).toBe('google-new')
    // Of two stars, the first counts.
    const starred = 'E-mail 1 - Label,E-mail 1 - Value,E-mail 2 - Label,E-mail 2 - Value,E-mail 3 - Value'
    expect(only(`${starred}\n,a@x.org,* Work,b@x.org ::: c@x.org,d@x.org`)).toMatchObject({ email: 'b@x.org' })
    expect(only(text)).toMatchObject({
      ...{ first_name: 'Ann', last_name: 'Lee', full_name: 'Ann Lee', name: { middle: 'B.', prefix: 'Dr.' } },
      ...{ labels: [], favorite: null, organizations: [{ name: 'ACME', title: 'Boss', units: ['One', 'Two'] }] },
      emails: [{ value: 'ann@example.com', label: 'Own words' }],
      phones: [{ value: '1' }, { value: '2' }],
      addresses: [
        { street: 'S', city: 'C', extended: null, label: 'work' },
        { street: 'T', city: null, extended: 'Flat 2', label: 'work' },
      ],
      custom: [{ name: 'X-FILE-AS', value: 'Lee, Ann', label: 'File As' }],
    })
  })

  it('of Outlook: its title is a person’s, and what nobody entered is nothing', () => {
    const text = row({
      ...{ Title: 'Dr.', 'First Name': 'Ann', 'Last Name': 'Lee', Suffix: 'Jr.', Company: 'ACME', Department: 'R&D' },
      ...{
        'Job Title': 'Boss',
        'Business Street': '1 Main St',
        'Business Street 2': 'Floor 3',
        'Business City': 'Rome',
      },
      ...{
        'Business Postal Code': '00100',
        'Business Country/Region': 'Italy',
        'Business Fax': '1',
        'Home Phone 2': '2',
      },
      ...{ 'Mobile Phone': '3', 'Company Main Phone': '4', Birthday: '0/0/00', Anniversary: '6/14/2010' },
      ...{ Categories: 'Friends;Work', 'E-mail Address': 'a@example.com', 'E-mail 2 Address': 'b@example.com' },
      ...{ Gender: 'Unspecified', Priority: 'Normal', Private: 'False', Sensitivity: 'Normal', "Manager's Name": 'Bo' },
      ...{ 'Web Page': 'https://example.com', Spouse: 'Sam', 'User 1': 'mine', Notes: 'Line 1\r\nLine 2' },
    })
    const file = fileOf(text)
    expect(file.dialect).toBe('outlook')
    expect(file.rows[0]?.notes).toEqual(['The column “User 1” is the custom field X-USER1.'])
    expect(only(text)).toMatchObject({
      ...{ first_name: 'Ann', name: { prefix: 'Dr.', suffix: 'Jr.' }, birthday: null, additional: 'Line 1\nLine 2' },
      ...{ labels: ['Friends', 'Work'], custom: [{ name: 'X-USER1', value: 'mine', label: 'User 1' }] },
      organizations: [{ name: 'ACME', units: ['R&D'], title: 'Boss' }],
      addresses: [
        {
          street: '1 Main St',
          extended: 'Floor 3',
          city: 'Rome',
          postal_code: '00100',
          country: 'Italy',
          label: 'work',
        },
      ],
      phones: [
        { value: '1', label: 'work fax' },
        { value: '2', label: 'home' },
        { value: '3', label: 'mobile' },
        { value: '4', label: 'work main' },
      ],
      emails: [{ value: 'a@example.com', primary: true }, { value: 'b@example.com' }],
      dates: [{ value: '2010-06-14', label: 'anniversary' }],
      relations: [
        { value: 'Bo', label: 'manager' },
        { value: 'Sam', label: 'spouse' },
      ],
    })
  })

  it('of Yahoo: its “Home” and “Work” are telephones', () => {
    const text = row({
      ...{ First: 'Ann', Middle: '', Last: 'Lee', Nickname: 'Annie', Email: 'a@example.com', Category: 'Friends' },
      ...{
        'Messenger ID': 'ann',
        Home: '1',
        Work: '2',
        Pager: '3',
        Fax: '4',
        Mobile: '5',
        'Alternate Email 1': 'b@x.org',
      },
      ...{ 'Personal Website': 'https://a.example', Title: 'Boss', Company: 'ACME', 'Home Address': '1 Main St' },
      ...{ 'Home ZIP': '123', Birthday: '5/9/1945', Comments: 'Hi', 'Skype ID': 'ann.lee' },
    })
    expect(fileOf(text).dialect).toBe('yahoo')
    expect(only(text)).toMatchObject({
      ...{ first_name: 'Ann', last_name: 'Lee', name: { nickname: 'Annie' }, birthday: '1945-05-09', additional: 'Hi' },
      emails: [{ value: 'a@example.com' }, { value: 'b@x.org' }],
      phones: ['home', 'work', 'pager', 'fax', 'mobile'].map((label, index) => ({ value: String(index + 1), label })),
      addresses: [{ street: '1 Main St', postal_code: '123', label: 'home' }],
      organizations: [{ name: 'ACME', title: 'Boss' }],
      urls: [{ value: 'https://a.example', label: 'home' }],
      messengers: [
        { value: 'ann', service: 'Yahoo' },
        { value: 'ann.lee', service: 'Skype' },
      ],
    })
  })

  it('of LinkedIn: its header stands after a note', () => {
    const file = fileOf(
      [
        'Notes:',
        '"When exporting your connection data, you may notice that some',
        'of the email addresses are missing."',
        '',
        'First Name,Last Name,URL,Email Address,Company,Position,Connected On',
        'Ann,Lee,https://www.linkedin.com/in/ann,,ACME,Boss,05 Jan 2021',
      ].join('\n'),
    )
    expect(file.dialect).toBe('linkedin')
    expect(file.rows).toMatchObject([{ line: 6 }])
    expect(file.rows[0]?.card && readFields(file.rows[0].card)).toMatchObject({
      ...{ first_name: 'Ann', organizations: [{ name: 'ACME', title: 'Boss' }] },
      urls: [{ value: 'https://www.linkedin.com/in/ann' }],
      custom: [{ name: 'X-CONNECTED-ON', value: '05 Jan 2021', label: 'Connected On' }],
    })
  })

  it('of a Mac, with semicolons, has its labels in brackets or after a colon', () => {
    const text = row(
      {
        ...{
          'First name': 'Ann',
          'Last name': 'Lee',
          'Phone (mobile)': '1',
          'Phone: home': '2',
          'Email (work)': 'a@b.c',
        },
        ...{ 'Address (home)': '1 Main St', 'City (home)': 'Rome', 'Website (blog)': 'https://a.example', Note: 'Hi' },
      },
      ';',
    )
    expect(fileOf(text)).toMatchObject({ delimiter: ';', dialect: 'other' })
    expect(only(text)).toMatchObject({
      phones: [
        { value: '1', label: 'mobile' },
        { value: '2', label: 'home' },
      ],
      ...{ emails: [{ value: 'a@b.c', label: 'work' }], urls: [{ label: 'blog' }], additional: 'Hi' },
      addresses: [{ street: '1 Main St', city: 'Rome', label: 'home' }],
    })
  })

  it('may have its header in other languages', () => {
    expect(
      only(
        "Прізвище;Ім'я;По батькові;Мобільний;Робочий телефон;Ел. пошта;День народження;Місто;Посада;Примітки\n" +
          'Гончар;Олесь;Терентійович;1;2;o@example.com;3.04.1918;Київ;Редактор;Поет',
      ),
    ).toMatchObject({
      ...{
        first_name: 'Олесь',
        last_name: 'Гончар',
        birthday: '1918-04-03',
        additional: 'Поет',
        email: 'o@example.com',
      },
      ...{ name: { middle: 'Терентійович' }, organizations: [{ title: 'Редактор' }], addresses: [{ city: 'Київ' }] },
      phones: [{ label: 'mobile' }, { label: 'work' }],
    })
    expect(only('Vorname;Name;E-Mail-Adresse;Handy;Straße;PLZ;Ort\nJan;Lee;a@b.c;1;Weg 1;123;Ulm')).toMatchObject({
      ...{ first_name: 'Jan', last_name: 'Lee', email: 'a@b.c', phones: [{ label: 'mobile' }] },
      addresses: [{ street: 'Weg 1', postal_code: '123', city: 'Ulm' }],
    })
  })
})
