/** Passwords of at least 8 characters that lists of leaked ones begin with, in lower case. */
export const COMMON_PASSWORDS: ReadonlySet<string> = new Set(
  `12345678 123456789 1234567890 12345678910 0123456789 987654321 9876543210 87654321 123123123 12341234 1234554321
  123454321 12344321 11223344 1122334455 112233445566 123321123 147258369 741852963 159753456 147852369 123654789
  password password1 password12 password123 password1234 password! passw0rd p@ssword p@ssw0rd pa55word passwort
  motdepasse contraseña qwertyui qwertyuiop qwerty12 qwerty123 qwerty1234 qwerty12345 1q2w3e4r 1q2w3e4r5t 1qaz2wsx
  1qaz2wsx3edc qazwsxedc zaq12wsx zaq1zaq1 q1w2e3r4 q1w2e3r4t5 qwer1234 asdf1234 asdfasdf asdfghjk asdfghjkl asdfqwer
  zxcvbnm1 zxcvbnm123 zxcvbnm, abcd1234 abc12345 abcdefgh abcdefg1 a1b2c3d4 aa123456 a12345678 a123456789 abcd12345
  iloveyou iloveyou1 iloveyou2 ilovegod letmein1 letmein123 letmeinnow welcome1 welcome12 welcome123 welcome2
  admin123 admin1234 admin12345 administrator adminadmin rootroot root1234 changeme changeme1 changeme123 default1
  testtest test1234 test12345 testing123 guest123 user1234 useruser master123 secret123 secretsecret superman
  superman1 batman123 spiderman starwars starwars1 pokemon1 pokemon123 football football1 baseball baseball1
  basketball basketball1 softball liverpool liverpool1 chelsea1 arsenal1 barcelona juventus princess princess1
  sunshine sunshine1 butterfly beautiful chocolate strawberry computer computer1 internet samsung1 samsung123
  whatever whatever1 trustno1 michelle jennifer jonathan victoria veronica alexander elizabeth christian nicholas
  danielle charlie1 michael1 jessica1 ashley123 anthony1 jordan23 dragon12 dragon123 monkey123 shadow123 blink182
  mustang1 corvette mercedes ferrari1 porsche1 metallica slipknot greenday nirvana1 rockstar1 google123 facebook1
  freedom1 november december september february passport midnight snowball lovelove loveyou1 fuckyou1 asshole1
  88888888 66666666 qq123456 woaini520 woaini1314 5201314520 zxc123456 asd123456 qwe123456 qweasdzxc 789456123
  1234qwer 123qweasd 123456qwerty 123456abc 123456789a 1g2w3e4r q1234567 1a2b3c4d p455w0rd hello123 hello1234
  nanonano shop1234 shopping1 customer1`.split(/\s+/),
);
