"""E-mails over SMTP (RFC 5321)."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.charset import QP, Charset
from email.header import Header
from email.mime.text import MIMEText
from email.policy import compat32
from email.utils import format_datetime

from anyio import CapacityLimiter, to_thread
from email_validator import validate_email

from course_app.core.smtp_url import SmtpServer
from course_app.services.email import Mail, MailRefused

UTF_8 = Charset("utf-8")
UTF_8.body_encoding = QP
CRLF = compat32.clone(linesep="\r\n")
OURSELVES = "[127.0.0.1]"


class SmtpMailer:
    """Hands e-mails to a server: in threads, at most `at_once` at a time. `timeout` is for each step, in seconds."""

    def __init__(self, server: SmtpServer, *, at_once: int = 4, timeout: float = 10) -> None:
        self._server = server
        self._timeout = timeout
        self._limiter = CapacityLimiter(at_once)

    async def send(self, mail: Mail) -> None:
        """Hand it over. Raise `MailRefused`."""
        await to_thread.run_sync(self._send, mail, limiter=self._limiter)

    def _send(self, mail: Mail) -> None:
        sender, recipient = self._server.sender, ascii_domain(mail.recipient)
        options = () if recipient.isascii() else ("SMTPUTF8", "BODY=8BITMIME")
        try:
            with self._connected() as connection:
                connection.sendmail(sender, [recipient], as_message(mail, sender).as_bytes(policy=CRLF), options)
        except smtplib.SMTPRecipientsRefused as error:
            code, _ = error.recipients[recipient]
            raise MailRefused(str(code), permanent=code >= 500) from None
        except smtplib.SMTPResponseException as error:
            raise MailRefused(str(error.smtp_code), permanent=error.smtp_code >= 500) from None
        except (smtplib.SMTPException, OSError) as error:
            permanent = isinstance(error, smtplib.SMTPNotSupportedError)
            raise MailRefused(type(error).__name__, permanent=permanent) from None

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        server, context = self._server, ssl.create_default_context()
        connection: smtplib.SMTP
        if server.security == "tls":
            connection = smtplib.SMTP_SSL(server.host, server.port, OURSELVES, timeout=self._timeout, context=context)
        else:
            connection = smtplib.SMTP(server.host, server.port, OURSELVES, timeout=self._timeout)
        try:
            if server.security == "starttls":
                connection.starttls(context=context)
            if server.username is not None:
                connection.login(server.username, server.password or "")
            yield connection
        finally:
            with suppress(OSError):  # how the server says goodbye changes nothing about the mail
                connection.quit()
            connection.close()


def ascii_domain(address: str) -> str:
    """Return the address with its domain as DNS knows it. What stands before the @ may still be no ASCII."""
    parts = validate_email(address, check_deliverability=False)
    return f"{parts.local_part}@{parts.ascii_domain}"


def as_message(mail: Mail, sender: str) -> MIMEText:
    """Return the mail in the form of RFC 5322. The subject arrives as it is, whatever it looks like."""
    message = MIMEText(mail.body, _charset=UTF_8)  # type: ignore[arg-type]
    recipient, subject = ascii_domain(mail.recipient), mail.subject
    plain = subject.isascii() and subject.strip() == subject and len(subject) <= 60 and "=?" not in subject
    message["From"] = sender
    if recipient.isascii():
        message["To"] = recipient
    message["Subject"] = subject if plain else Header(subject, UTF_8, header_name="Subject")  # type: ignore[assignment]
    message["Date"] = format_datetime(mail.written_at)
    message["Message-ID"] = f"<{mail.id}@course-app>"
    return message
