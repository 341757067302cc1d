"""Wrong and alternative right answers to the exercises of chapter 11."""

from coursekit.answers import right, wrong

# --- 11.1 e-mail after the response ----------------------------------------------------------------------------------

_MAIL = "Mail(body.recipient, body.subject, body.body, clock())"
_TASK = f"    background.add_task(deliver, {_MAIL}, mailer)\n"
_QUOTA = "    await quota.take(sender.key)\n"
for what, replace, by, caught_by in (
    ("sent before the answer", _TASK, f"    await deliver({_MAIL}, mailer)\n", "test_sent_once_after_the_answer"),
    (
        "the coroutine is called and left behind",
        _TASK,
        f"    background.add_task(deliver({_MAIL}, mailer).close)\n",
        "test_sent_once_after_the_answer",
    ),
    ("no task at all", _TASK, "", "test_sent_once_after_the_answer"),
    ("sent twice", _TASK, _TASK + _TASK, "test_sent_once_after_the_answer"),
    (
        "the mailer itself is the task, so nobody looks after failures",
        _TASK,
        f"    background.add_task(mailer.send, {_MAIL})\n",
        "test_delivered_by_deliver",
    ),
    ("no quota", _QUOTA, "", "test_the_quota_is_asked_first"),
    ("the quota of the row's id", "take(sender.key)", "take(str(sender.id))", "test_the_quota_is_asked_first"),
    ("one quota for all", "take(sender.key)", 'take("emails")', "test_the_quota_is_asked_first"),
    (
        "the quota is not waited for",
        "await quota.take(sender.key)",
        "quota.take(sender.key).close()",
        "test_the_quota_is_asked_first",
    ),
    ("the quota is asked twice", _QUOTA, _QUOTA + _QUOTA, "test_the_quota_is_asked_first"),
    (
        "the quota is asked in the background",
        _QUOTA,
        "    background.add_task(quota.take, sender.key)\n",
        "test_the_quota_is_asked_first",
    ),
    (
        "the refusal of the quota is swallowed",
        _QUOTA,
        """    try:
        await quota.take(sender.key)
    except Exception:
        pass
""",
        "test_the_quota_is_asked_first",
    ),
    ("the answer says nothing", 'ok(None, "The e-mail will be sent.")', "ok(None)", "test_accepted"),
    ("the answer says that it was sent", "The e-mail will be sent.", "The e-mail has been sent.", "test_accepted"),
    (
        "subject and body change places",
        "body.subject, body.body",
        "body.body, body.subject",
        "test_the_mail_is_the_request",
    ),
    ("the sender gets the mail", "Mail(body.recipient", "Mail(sender.email", "test_the_mail_is_the_request"),
    ("a time of its own", "body.body, clock())", "body.body, sender.created_at)", "test_the_mail_is_the_request"),
    (
        "text without its blanks",
        "body.subject, body.body",
        "body.subject.strip(), body.body",
        "test_the_mail_is_the_request",
    ),
    (
        "lines without their ends",
        "body.subject, body.body",
        "body.subject, body.body.strip()",
        "test_the_mail_is_the_request",
    ),
    ("deliver is called, and its coroutine is the task", "(deliver, ", "(deliver(", "test_delivered_by_deliver"),
    (
        "every mail is the same one",
        "body.body, clock())",
        'body.body, clock(), "mail")',
        "test_each_mail_has_its_own_id",
    ),
):
    edits = [(replace, by), (", mailer)\n", ", mailer))\n")] if by == "(deliver(" else [(replace, by)]
    wrong("11.1", what, edits=edits, caught_by=caught_by)
wrong(
    "11.1",
    "a task of asyncio that nobody keeps",
    edits=[
        ("from typing import Annotated\n", "import asyncio\nfrom typing import Annotated\n"),
        (_TASK, f"    asyncio.create_task(deliver({_MAIL}, mailer))\n    await asyncio.sleep(0)\n"),
    ],
    caught_by="test_delivered_by_deliver",
)
wrong(
    "11.1",
    "everybody may send",
    edits=[
        ("import ClockDep\n", "import ClockDep, CurrentUser\n"),
        ("    sender: Staff,\n", "    sender: CurrentUser,\n"),
    ],
    caught_by="test_refused_requests_cost_nothing",
)
wrong(
    "11.1",
    "refused after the mail is under way",
    edits=[(_QUOTA, ""), (_TASK, f"    await deliver({_MAIL}, mailer)\n{_QUOTA}")],
    caught_by="test_the_quota_is_asked_first",
)
right(
    "11.1",
    "named arguments",
    region="""
    await quota.take(account_key=sender.key)
    mail = Mail(
        recipient=body.recipient, subject=body.subject, body=body.body, written_at=clock()
    )
    background.add_task(deliver, mail=mail, mailer=mailer)
    return ok(data=None, message="The e-mail will be sent.")
    """,
)
right(
    "11.1",
    "the whole body at once",
    region="""
    await quota.take(sender.key)
    background.add_task(deliver, Mail(**body.model_dump(), written_at=clock()), mailer)
    return APIResponse(data=None, message="The e-mail will be sent.")
    """,
)

# --- 11.2 logged and tried again -------------------------------------------------------------------------------------

for what, replace, by, caught_by in (
    ("one attempt too few", "(*delays, None)", "(*delays[:-1], None)", "test_tries_again"),
    ("always the first delay", "await asyncio.sleep(delay)", "await asyncio.sleep(delays[0])", "test_tries_again"),
    ("no waiting", "        await asyncio.sleep(delay)\n", "", "test_tries_again"),
    ("whole seconds", "asyncio.sleep(delay)", "asyncio.sleep(int(delay))", "test_tries_again"),
    ("the delays in order of size", "(*delays, None)", "(*sorted(delays), None)", "test_tries_again"),
    (
        "sent on although it was accepted",
        "            await mailer.send(mail)\n            return True\n",
        "            await mailer.send(mail)\n            continue\n",
        "test_tries_again",
    ),
    ("permanent is tried again", "if delay is None or permanent:", "if delay is None:", "test_permanent_is_the_end"),
    (
        "the answer is None when it gave up",
        '            logger.error("mail given up", extra=facts)\n            return False',
        '            logger.error("mail given up", extra=facts)\n            return None',
        "test_gives_up",
    ),
    (
        "only a refusal is a failure",
        "except Exception as error:",
        "except MailRefused as error:",
        "test_other_exceptions",
    ),
    (
        "only a refusal and a lost connection are failures",
        "except Exception as error:",
        "except (MailRefused, OSError) as error:",
        "test_other_exceptions",
    ),
    ("a delay of 0 is the end", "if delay is None or permanent:", "if not delay or permanent:", "test_tries_again"),
    (
        "another exception is the end",
        "permanent = isinstance(error, MailRefused) and error.permanent",
        "permanent = not isinstance(error, MailRefused) or error.permanent",
        "test_other_exceptions",
    ),
    (
        "everything is caught",
        "except Exception as error:",
        "except BaseException as error:",
        "test_what_is_no_exception_goes_on",
    ),
    ("it blocks while it waits", "await asyncio.sleep(delay)", "time.sleep(delay)", "test_everybody_else_goes_on"),
    ("attempts counted from 0", "start=1", "start=0", "test_what_is_logged"),
    (
        "no record of the last failure",
        '            logger.error("mail given up", extra=facts)\n',
        "",
        "test_what_is_logged",
    ),
    (
        "no record of the first failures",
        '        logger.warning("mail not accepted", extra=facts)\n',
        "",
        "test_what_is_logged",
    ),
    (
        "the last failure has two records",
        '            logger.error("mail given up", extra=facts)\n',
        """            logger.warning("mail not accepted", extra=facts)
            logger.error("mail given up", extra=facts)
""",
        "test_what_is_logged",
    ),
    ("giving up is only a warning", "logger.error(", "logger.warning(", "test_what_is_logged"),
    (
        "the reason is always the type",
        "error.reason if isinstance(error, MailRefused) else ",
        "",
        "test_what_is_logged",
    ),
    ("the record has no reason", ', "reason": reason}', "}", "test_what_is_logged"),
    ("the id is not logged", '"mail": mail.id', '"mail": "a mail"', "test_what_is_logged"),
    (
        "an accepted mail is logged as well",
        "            await mailer.send(mail)\n            return True\n",
        '            await mailer.send(mail)\n            logger.info("mail accepted")\n            return True\n',
        "test_what_is_logged",
    ),
    (
        "the reason is the exception's text",
        "else type(error).__name__",
        "else f'{type(error).__name__}: {error}'",
        "test_nothing_of_the_mail_is_logged",
    ),
    (
        "the record carries the recipient",
        '{"mail": mail.id,',
        '{"recipient": mail.recipient, "mail": mail.id,',
        "test_nothing_of_the_mail_is_logged",
    ),
    (
        "a traceback is logged",
        'logger.error("mail given up", extra=facts)',
        'logger.error("mail given up", extra=facts, exc_info=caught)',
        "test_nothing_of_the_mail_is_logged",
    ),
    ("the whole mail is logged", '"mail": mail.id', '"mail": mail', "test_nothing_of_the_mail_is_logged"),
):
    edits = [(replace, by)]
    if "time.sleep" in by:
        edits.append(("import logging\n", "import logging\nimport time\n"))
    if "caught" in by:
        edits.append(("            reason = error", "            caught = error\n            reason = error"))
    wrong("11.2", what, edits=edits, caught_by=caught_by)
wrong(
    "11.2",
    "whatever has a reason",
    replace="error.reason if isinstance(error, MailRefused) else type(error).__name__",
    by='getattr(error, "reason", type(error).__name__)',
    caught_by="test_nothing_of_the_mail_is_logged",
)
wrong(
    "11.2",
    "whatever says that it is permanent",
    replace="isinstance(error, MailRefused) and error.permanent",
    by='getattr(error, "permanent", False)',
    caught_by="test_other_exceptions",
)
wrong(
    "11.2",
    "one more attempt, whatever the delays",
    region="""
    try:
        await mailer.send(mail)
    except Exception as error:
        logger.warning("mail not accepted", extra={"mail": mail.id, "attempt": 1, "reason": type(error).__name__})
        await asyncio.sleep(delays[0] if delays else 0)
        await mailer.send(mail)
    return True
    """,
    caught_by="test_gives_up",
)
wrong(
    "11.2",
    "a new mail for each attempt",
    edits=[
        (
            "from collections.abc import Sequence\n",
            "from collections.abc import Sequence\nfrom dataclasses import replace\n",
        ),
        ("await mailer.send(mail)", "await mailer.send(replace(mail))"),
    ],
    caught_by="test_tries_again",
)
wrong(
    "11.2",
    "its own delays",
    replace="(*delays, None)",
    by="(*DELAYS, None)",
    caught_by="test_tries_again",
)
wrong(
    "11.2",
    "the delays of the app are others",
    replace="DELAYS = (1.0, 5.0, 25.0)",
    by="DELAYS = (1.0, 5.0, 10.0)",
    caught_by="test_gives_up",
)
right(
    "11.2",
    "a while loop and two except clauses",
    region="""
    waits = list(delays)
    attempt = 0
    while True:
        attempt += 1
        try:
            await mailer.send(mail)
        except MailRefused as refused:
            reason, last = refused.reason, refused.permanent or not waits
        except Exception as error:
            reason, last = type(error).__name__, not waits
        else:
            return True
        level = logging.ERROR if last else logging.WARNING
        text = "mail given up" if last else "mail not accepted"
        logger.log(level, text, extra={"mail": mail.id, "attempt": attempt, "reason": reason})
        if last:
            return False
        await asyncio.sleep(waits.pop(0))
    """,
)
right(
    "11.2",
    "calling itself",
    region="""
    async def go_on(number: int) -> bool:
        try:
            await mailer.send(mail)
        except MailRefused as refused:
            reason, permanent = refused.reason, refused.permanent
        except Exception as error:
            reason, permanent = type(error).__name__, False
        else:
            return True
        facts = {"mail": mail.id, "attempt": number, "reason": reason}
        if permanent or number > len(delays):
            logger.error("mail given up", extra=facts)
            return False
        logger.warning("mail not accepted", extra=facts)
        await asyncio.sleep(delays[number - 1])
        return await go_on(number + 1)

    return await go_on(1)
    """,
)

# --- 11.3 never wait for a broker ------------------------------------------------------------------------------------

_RUN = "await asyncio.get_running_loop().run_in_executor(self._threads, self._send, job_id)"
_LIMIT = "async with asyncio.timeout(self._seconds):"
_POOL = "self._threads = ThreadPoolExecutor(at_once)"
_LIMITER = "self._limiter = CapacityLimiter(at_once)"
for what, replace, by, caught_by in (
    ("nothing is logged", "            logger.warning(", "            dict(", "test_logged"),
    (
        "the thread is waited for",
        _RUN,
        """call = self._threads.submit(self._send, job_id)
                while not call.done():
                    try:
                        await asyncio.sleep(0.001)
                    except asyncio.CancelledError:
                        pass
                call.result()""",
        "test_a_broker_that_says_nothing",
    ),
    ("everybody's threads", "run_in_executor(self._threads,", "run_in_executor(None,", "test_at_once"),
    (
        "threads without end",
        "run_in_executor(self._threads,",
        "run_in_executor(ThreadPoolExecutor(1),",
        "test_given_up",
    ),
    ("no time limit", _LIMIT, "async with asyncio.timeout(None):", "test_a_broker_that_says_nothing"),
    ("a time limit of its own", _LIMIT, "async with asyncio.timeout(2):", "test_a_broker_that_says_nothing"),
    ("the usual time limit", _LIMIT, "async with asyncio.timeout(0.8):", "test_a_broker_that_says_nothing"),
    (
        "a call that has not begun is made later",
        _RUN,
        f"await asyncio.shield({_RUN.removeprefix('await ')})",
        "test_given_up",
    ),
    (
        "one more attempt",
        f"                {_RUN}\n",
        f"""                try:
                    {_RUN}
                except OSError:
                    {_RUN}
""",
        "test_failures",
    ),
    ("only what the network raises", "except Exception as error:", "except OSError as error:", "test_failures"),
    (
        "the exception tells the cause",
        '"Jobs cannot be taken at the moment. Try again later."',
        'f"Jobs cannot be taken at the moment: {error}"',
        "test_failures",
    ),
    (
        "a cancellation is a failure",
        "except Exception as error:",
        "except BaseException as error:",
        "test_cancelled",
    ),
    (
        "logged with the traceback",
        '"reason": type(error).__name__}',
        '"reason": type(error).__name__}, exc_info=True',
        "test_logged",
    ),
    ("logged with the text", "type(error).__name__}", "str(error)}", "test_logged"),
    ("logged as an error", "logger.warning(", "logger.error(", "test_logged"),
    ("the job is not named", '"job": job_id, ', "", "test_logged"),
    ("the result is returned", _RUN, f"return {_RUN}", "test_sent_once"),
    (
        "the failure is swallowed",
        '            raise ServiceUnavailable("Jobs cannot be taken at the moment. Try again later.") from error\n',
        "",
        "test_failures",
    ),
    ("in the event loop", _RUN, "self._send(job_id)", "test_sent_once"),
):
    wrong("11.3", what, replace=replace, by=by, caught_by=caught_by)
_FAILED = """
    except Exception as error:
        logger.warning("job not queued", extra={"job": job_id, "reason": type(error).__name__})
        raise ServiceUnavailable("Jobs cannot be taken at the moment. Try again later.") from error
"""
wrong(
    "11.3",
    "the wait for a thread does not count",
    region=f"""
    began = asyncio.Event()
    loop = asyncio.get_running_loop()

    def send():
        loop.call_soon_threadsafe(began.set)
        self._send(job_id)

    try:
        call = loop.run_in_executor(self._threads, send)
        await began.wait()
        async with asyncio.timeout(self._seconds):
            await call
{_FAILED}    """,
    caught_by="test_a_broker_that_says_nothing",
)
for what, run, caught_by in (
    (
        "a limiter that gives the place of a call that goes on to the next",
        "await to_thread.run_sync(self._send, job_id, limiter=self._limiter, abandon_on_cancel=True)",
        "test_given_up",
    ),
    (
        "a limiter, and the wait is abandoned by asyncio",
        "await to_thread.run_sync(self._send, job_id, limiter=self._limiter)",
        "test_given_up",
    ),
    ("anyio's threads for everybody", "await to_thread.run_sync(self._send, job_id)", "test_other_threads_stay_free"),
):
    wrong(
        "11.3",
        what,
        edits=[
            (
                "from course_app.core.errors",
                "from anyio import CapacityLimiter, to_thread\n\nfrom course_app.core.errors",
            ),
            (_POOL, _LIMITER),
            (_RUN, run),
        ],
        caught_by=caught_by,
    )
wrong(
    "11.3",
    "asyncio's threads, which others use too",
    region=f"""
    try:
        async with asyncio.timeout(self._seconds):
            await asyncio.to_thread(self._send, job_id)
{_FAILED}    """,
    caught_by="test_other_threads_stay_free",
)
wrong(
    "11.3",
    "sent in the background, whatever comes of it",
    region="""
    self._threads.submit(self._send, job_id)
    """,
    caught_by="test_failures",
)
right(
    "11.3",
    "anyio's move_on_after",
    region=f"""
    from anyio import move_on_after

    try:
        with move_on_after(self._seconds) as scope:
            await asyncio.get_running_loop().run_in_executor(self._threads, lambda: self._send(job_id))
        if scope.cancelled_caught:
            raise TimeoutError
{_FAILED}    """,
)
right(
    "11.3",
    "wait_for and the pool's own future",
    region=f"""
    try:
        call = self._threads.submit(self._send, job_id)
        await asyncio.wait_for(asyncio.wrap_future(call), self._seconds)
{_FAILED}    """,
)
right(
    "11.3",
    "a limiter whose place is held until the thread ends",
    edits=[
        ("from course_app.core.errors", "from anyio import CapacityLimiter, to_thread\n\nfrom course_app.core.errors"),
        (_POOL, _LIMITER),
        (
            _RUN,
            """place = object()
                await self._limiter.acquire_on_behalf_of(place)
                call = asyncio.ensure_future(to_thread.run_sync(self._send, job_id, limiter=CapacityLimiter(1)))

                def free(call: asyncio.Future[object]) -> None:
                    self._limiter.release_on_behalf_of(place)
                    _ = call.cancelled() or call.exception()

                call.add_done_callback(free)
                await asyncio.shield(call)""",
        ),
    ],
)

# --- 11.4 every way a job can end ------------------------------------------------------------------------------------

_END = "    else:\n        await store.succeed(job_id, result)\n"
for what, replace, by, caught_by in (
    ("a job that is over is done again", "    if data_id is None:\n        return\n", "", "test_over_or_unknown"),
    ("0 would be over, too, and None is worked on", "if data_id is None:", "if data_id == 0:", "test_over_or_unknown"),
    ("the refusal is our fault", "str(refused)", "OUR_FAULT", "test_refused"),
    ("the refusal is told by repr", "str(refused)", "repr(refused)", "test_refused"),
    (
        "our fault is told to everybody",
        "await store.fail(job_id, OUR_FAULT)",
        "await store.fail(job_id, traceback.format_exc())",
        "test_our_fault",
    ),
    ("our fault is told by name", "job_id, OUR_FAULT)", "job_id, type(sys.exc_info()[1]).__name__)", "test_our_fault"),
    (
        "our fault goes on",
        "        await store.fail(job_id, OUR_FAULT)\n",
        "        await store.fail(job_id, OUR_FAULT)\n        raise\n",
        "test_our_fault",
    ),
    ("only some faults", "    except Exception:\n", "    except (ValueError, KeyError):\n", "test_our_fault"),
    (
        "our fault is not logged",
        '        logger.exception("job failed", extra={"job": job_id})\n',
        "",
        "test_our_fault_is_logged",
    ),
    ("logged without the traceback", "logger.exception(", "logger.error(", "test_our_fault_is_logged"),
    ("logged as a warning", "logger.exception(", "logger.warning(", "test_our_fault_is_logged"),
    ("the job is not named", ', extra={"job": job_id}', "", "test_our_fault_is_logged"),
    (
        "a refusal is logged as well",
        "        await store.fail(job_id, str(refused))\n",
        """        logger.exception("job failed", extra={"job": job_id})
        await store.fail(job_id, str(refused))
""",
        "test_refused",
    ),
    (
        "everything is caught",
        "    except Exception:\n",
        "    except BaseException:\n",
        "test_what_is_no_exception_goes_on",
    ),
    ("no result is stored", "store.succeed(job_id, result)", "store.succeed(job_id, {})", "test_success"),
    (
        "the work is done twice",
        "        result = await work(data_id)\n",
        "        await work(data_id)\n        result = await work(data_id)\n",
        "test_success",
    ),
    (
        "worked on before it is started",
        "    data_id = await store.start(job_id)\n",
        "    await work(7)\n    data_id = await store.start(job_id)\n",
        "test_success",
    ),
    (
        "worked on again when the network failed",
        "        result = await work(data_id)\n",
        """        try:
            result = await work(data_id)
        except OSError:
            result = await work(data_id)
""",
        "test_our_fault",
    ),
    (
        "all values as text",
        "store.succeed(job_id, result)",
        "store.succeed(job_id, {name: str(value) for name, value in result.items()})",
        "test_success",
    ),
    ("0 is no id", "if data_id is None:", "if not data_id:", "test_success"),
    ("a success is logged", _END, _END + '        logger.info("job done")\n', "test_success"),
):
    edits = [(replace, by)]
    for name in ("traceback", "sys"):
        if f"{name}." in by:
            edits.append(("import logging\n", f"import logging\nimport {name}\n"))
    wrong("11.4", what, edits=edits, caught_by=caught_by)
wrong(
    "11.4",
    "the end is stored in the try",
    edits=[
        (_END, ""),
        (
            "        result = await work(data_id)\n",
            "        result = await work(data_id)\n        await store.succeed(job_id, result)\n",
        ),
    ],
    caught_by="test_the_store_is_down",
)
wrong(
    "11.4",
    "the end is stored whatever happens",
    replace=_END,
    by="    finally:\n        await store.succeed(job_id, {})\n",
    caught_by="test_refused",
)
wrong(
    "11.4",
    "nothing ever leaves",
    region="""
    try:
        data_id = await store.start(job_id)
        if data_id is not None:
            await store.succeed(job_id, await work(data_id))
    except JobRefused as refused:
        await store.fail(job_id, str(refused))
    except Exception:
        logger.exception("job failed", extra={"job": job_id})
        await store.fail(job_id, OUR_FAULT)
    """,
    caught_by="test_the_store_is_down",
)
wrong(
    "11.4",
    "only the very type is a refusal",
    region="""
    data_id = await store.start(job_id)
    if data_id is None:
        return
    try:
        result = await work(data_id)
    except Exception as error:
        refused = type(error) is JobRefused
        if not refused:
            logger.exception("job failed", extra={"job": job_id})
        await store.fail(job_id, str(error) if refused else OUR_FAULT)
        return
    await store.succeed(job_id, result)
    """,
    caught_by="test_refused",
)
right(
    "11.4",
    "the end is chosen first and stored once",
    region="""
    if (data_id := await store.start(job_id)) is None:
        return
    result: dict[str, Any] = {}
    error: str | None = None
    try:
        result = await work(data_id)
    except Exception as caught:
        error = str(caught) if isinstance(caught, JobRefused) else OUR_FAULT
        if error is OUR_FAULT:
            logger.error("job failed", extra={"job": job_id}, exc_info=caught)
    if error is None:
        await store.succeed(job_id, result)
    else:
        await store.fail(job_id, error)
    """,
)
right(
    "11.4",
    "a function for the work",
    region="""
    async def outcome(data_id: int) -> tuple[dict[str, Any] | None, str]:
        try:
            return await work(data_id), ""
        except JobRefused as refused:
            return None, str(refused)
        except Exception:
            logger.exception("job failed", extra={"job": job_id})
            return None, OUR_FAULT

    data_id = await store.start(job_id)
    if data_id is not None:
        result, error = await outcome(data_id)
        await (store.fail(job_id, error) if result is None else store.succeed(job_id, result))
    """,
)

# --- 11.5 task and status endpoint -----------------------------------------------------------------------------------

_LOCATION = '    response.headers["Location"] = str(request.app.url_path_for("get_job", job_id=job.id))\n'
for what, replace, by, caught_by in (
    ("no Location", _LOCATION, "", "test_location"),
    (
        "a path of its own",
        'str(request.app.url_path_for("get_job", job_id=job.id))',
        'f"/api/v1/jobs/{job.id}"',
        "test_location",
    ),
    (
        "a whole URL",
        'request.app.url_path_for("get_job", job_id=job.id)',
        'request.url_for("get_job", job_id=job.id)',
        "test_location",
    ),
    (
        "the key is not handed on",
        "submit(caller, body, key)",
        "submit(caller, body, None)",
        "test_what_the_service_gets",
    ),
    (
        "an empty key for none",
        "submit(caller, body, key)",
        'submit(caller, body, key or "")',
        "test_what_the_service_gets",
    ),
    (
        "caller and body change places",
        "submit(caller, body, key)",
        "submit(body, caller, key)",
        "test_what_the_service_gets",
    ),
    (
        "submitted twice",
        "    job = await jobs.submit(caller, body, key)\n",
        "    await jobs.submit(caller, body, key)\n    job = await jobs.submit(caller, body, key)\n",
        "test_what_the_service_gets",
    ),
    (
        "a failed job is a 500",
        "    return ok(JobRead.model_validate(await jobs.get(job_id, caller)))",
        """    job = await jobs.get(job_id, caller)
    if job.error:
        raise RuntimeError(job.error)
    return ok(JobRead.model_validate(job))""",
        "test_every_state",
    ),
    (
        "a job that is not over is not shown",
        "    return ok(JobRead.model_validate(await jobs.get(job_id, caller)))",
        """    job = await jobs.get(job_id, caller)
    if job.result is None:
        return ok(JobRead(id=job.id, status="pending", result=None, error=None))
    return ok(JobRead.model_validate(job))""",
        "test_every_state",
    ),
    ("anybody's job", "jobs.get(job_id, caller)", "jobs.get(job_id, None)", "test_who_asks"),
    ("asked in lower case", "jobs.get(job_id, caller)", "jobs.get(job_id.upper(), caller)", "test_who_asks"),
    (
        "always pending at first",
        "    return ok(JobRead.model_validate(job))\n",
        '    return ok(JobRead(id=job.id, status="pending", result=None, error=None))\n',
        "test_a_repeated_job_comes_as_it_is",
    ),
    (
        "a message in the envelope",
        "    return ok(JobRead.model_validate(job))\n",
        '    return ok(JobRead.model_validate(job), "The job is under way.")\n',
        "test_accepted",
    ),
    (
        "200 when it is over already",
        "    return ok(JobRead.model_validate(job))\n",
        "    response.status_code = 200 if job.result else 202\n    return ok(JobRead.model_validate(job))\n",
        "test_a_repeated_job_comes_as_it_is",
    ),
    (
        "the failure of the broker is hidden",
        "    job = await jobs.submit(caller, body, key)\n",
        """    try:
        job = await jobs.submit(caller, body, key)
    except Exception as error:
        raise LookupError from error
""",
        "test_what_the_service_raises",
    ),
):
    wrong("11.5", what, replace=replace, by=by, caught_by=caught_by)
right(
    "11.5",
    "header in the response, fields by hand",
    regions=[
        """
    job = await jobs.submit(caller, body, key)
    path = request.app.url_path_for("get_job", job_id=job.id)
    response.headers.append("location", path)
    return APIResponse(data=JobRead.model_validate(vars(job)))
    """,
        """
    job = await jobs.get(job_id, caller)
    return ok(JobRead.model_validate(job, from_attributes=True))
    """,
    ],
)
right(
    "11.5",
    "the path by the router that has it",
    replace='str(request.app.url_path_for("get_job", job_id=job.id))',
    by='request.url_for("get_job", job_id=job.id).path',
)

# --- 11.6 one key, one job -------------------------------------------------------------------------------------------

_RELEASE = "    await jobs.release(owner_id, key, until=now - KEY_LIFE)\n"
_UNPROCESSABLE = 'raise Unprocessable("header.Idempotency-Key: stands for a request with another body")'
wrong(
    "11.6",
    "looks first, stores then",
    region=f"""
    await jobs.release(owner_id, key, until=now - KEY_LIFE)
    known = await jobs.by_key(owner_id, key)
    if known is None:
        await jobs.add(job)
        return job
    if known.fingerprint != job.fingerprint:
        {_UNPROCESSABLE}
    return known
    """,
    caught_by="test_twenty_at_once",
)
wrong(
    "11.6",
    "looks first, and is refused when somebody was quicker",
    region=f"""
    await jobs.release(owner_id, key, until=now - KEY_LIFE)
    known = await jobs.by_key(owner_id, key)
    if known is None and await jobs.add(job):
        return job
    if known is None or known.fingerprint != job.fingerprint:
        {_UNPROCESSABLE}
    return known
    """,
    caught_by="test_twenty_at_once",
)
wrong(
    "11.6",
    "looks first and stores then, under a lock of this process",
    edits=[
        ("import json\n", "import json\nfrom asyncio import Lock, get_running_loop\n"),
        ("KEY_LIFE = timedelta(hours=24)\n", "KEY_LIFE = timedelta(hours=24)\nLOCKS: dict[object, Lock] = {}\n"),
        (
            f"""{_RELEASE}    if await jobs.add(job):
        return job
    known = await jobs.by_key(owner_id, key)
    if known is None or known""",
            """    async with LOCKS.setdefault(get_running_loop(), Lock()):
        await jobs.release(owner_id, key, until=now - KEY_LIFE)
        known = await jobs.by_key(owner_id, key)
        if known is None:
            await jobs.add(job)
            return job
    if known""",
        ),
    ],
    caught_by="test_another_process",
)
for what, replace, by, caught_by in (
    (
        "a job that failed is done again",
        "    return known\n",
        """    if known.status == "failed":
        await jobs.release(owner_id, key, until=now)
        await jobs.add(job)
        return job
    return known
""",
        "test_the_same_body",
    ),
    ("a key lives for ever", _RELEASE, "", "test_a_key_lives_for_a_day"),
    (
        "a key lives a moment longer",
        "until=now - KEY_LIFE)",
        "until=now - KEY_LIFE - timedelta(seconds=1))",
        "test_a_key_lives_for_a_day",
    ),
    (
        "a key dies a moment too early",
        "until=now - KEY_LIFE)",
        "until=now - KEY_LIFE + timedelta(microseconds=1))",
        "test_a_key_lives_for_a_day",
    ),
    ("every key is released", "until=now - KEY_LIFE)", "until=now)", "test_the_same_body"),
    ("the key of the future", "until=now - KEY_LIFE)", "until=now + KEY_LIFE)", "test_the_same_body"),
    (
        "an hour instead of a day",
        "until=now - KEY_LIFE)",
        "until=now - timedelta(hours=1))",
        "test_a_key_lives_for_a_day",
    ),
    (
        "the wall clock",
        "until=now - KEY_LIFE)",
        "until=datetime.now(now.tzinfo) - KEY_LIFE)",
        "test_a_key_lives_for_a_day",
    ),
    (
        "any body will do",
        "    if known is None or known.fingerprint != job.fingerprint:\n        " + _UNPROCESSABLE + "\n",
        "",
        "test_another_body",
    ),
    (
        "the same data is the same body",
        "known.fingerprint != job.fingerprint",
        "known.data_id != job.data_id",
        "test_another_body",
    ),
    ("the new job is returned", "    return known\n", "    return job\n", "test_the_same_body"),
    (
        "the fingerprint is in the text",
        '"header.Idempotency-Key: stands',
        'f"header.Idempotency-Key: {key} stands',
        "test_another_body",
    ),
    (
        "stored twice",
        "    if await jobs.add(job):\n",
        "    if await jobs.add(job):\n        await jobs.add(replace(job, key=None, id=job.id + 'x'))\n",
        "test_a_new_key",
    ),
    (
        "stored without its key",
        "    if await jobs.add(job):\n",
        "    if await jobs.add(replace(job, key=None)):\n",
        "test_a_new_key",
    ),
    (
        "keys in lower case",
        "    if await jobs.add(job):\n",
        "    job = replace(job, key=key.lower())\n    if await jobs.add(job):\n",
        "test_other_keys_and_owners",
    ),
    (
        "the key of somebody",
        "known = await jobs.by_key(owner_id, key)",
        "known = await jobs.by_key(7, key)",
        "test_other_keys_and_owners",
    ),
    (
        "the old job is deleted",
        _RELEASE,
        """    old = await jobs.by_key(owner_id, key)
    if old is not None and old.created_at <= now - KEY_LIFE:
        await jobs.withdraw(old.id)
""",
        "test_a_key_lives_for_a_day",
    ),
    (
        "released only when it is in the way, and then looked at",
        f"{_RELEASE}    if await jobs.add(job):\n        return job\n",
        f"    if await jobs.add(job):\n        return job\n{_RELEASE}",
        "test_a_key_lives_for_a_day",
    ),
):
    edits = [(replace, by)]
    if "replace(" in by:
        edits.append(("import json\n", "import json\nfrom dataclasses import replace\n"))
    wrong("11.6", what, edits=edits, caught_by=caught_by)
wrong(
    "11.6",
    "a set of keys in the memory of this process",
    edits=[
        ("KEY_LIFE = timedelta(hours=24)\n", "KEY_LIFE = timedelta(hours=24)\nSEEN: dict[str, Job] = {}\n"),
        (
            f"""{_RELEASE}    if await jobs.add(job):
        return job
    known = await jobs.by_key(owner_id, key)
""",
            """    known = SEEN.setdefault(key, job)
    if known is job:
        await jobs.add(job)
        return job
""",
        ),
    ],
    caught_by="test_the_same_body",
)
right(
    "11.6",
    "asks again until it has one",
    region=f"""
    while True:
        await jobs.release(owner_id, key, until=now - KEY_LIFE)
        if await jobs.add(job):
            return job
        known = await jobs.by_key(owner_id, key)
        if known is not None:
            break
    if known.fingerprint == job.fingerprint:
        return known
    {_UNPROCESSABLE}
    """,
)
right(
    "11.6",
    "looks first, and again when somebody was quicker",
    region=f"""
    await jobs.release(owner_id, key, now - KEY_LIFE)
    known = await jobs.by_key(owner_id, key)
    if known is None:
        stored = await jobs.add(job)
        known = job if stored else await jobs.by_key(owner_id, key)
    if known is None or known.fingerprint != job.fingerprint:
        {_UNPROCESSABLE}
    return known
    """,
)
right(
    "11.6",
    "stores first, and frees an old key when it is in the way",
    region=f"""
    if await jobs.add(job):
        return job
    known = await jobs.by_key(owner_id, key)
    if known is None or now - known.created_at >= KEY_LIFE:
        await jobs.release(owner_id, key, until=now - KEY_LIFE)
        if await jobs.add(job):
            return job
        known = await jobs.by_key(owner_id, key)
    if known is None or known.fingerprint != job.fingerprint:
        {_UNPROCESSABLE}
    return known
    """,
)
