"""Wrong answers that the checks of chapter 02 must catch, and right ones that they must accept."""

from coursekit.answers import right, wrong

# 2.1

wrong(
    "2.1",
    "no lower bound, so a limit of -1 is accepted",
    edits=[("ge=1, le=100", "le=100"), ("ge=0, le=1_000_000", "le=1_000_000")],
    caught_by="test_limit_bounds",
)
wrong("2.1", "no upper bound for the limit", replace="ge=1, le=100", by="ge=1", caught_by="test_limit_bounds")
wrong("2.1", "no upper bound for the skip", replace="ge=0, le=1_000_000", by="ge=0", caught_by="test_skip_bounds")
wrong("2.1", "a limit of 0 is accepted", replace="ge=1, le=100", by="ge=0, le=100", caught_by="test_limit_bounds")
wrong("2.1", "the ends are excluded", replace="ge=1, le=100", by="gt=1, lt=100", caught_by="test_limit_ends")
wrong(
    "2.1",
    "the largest skip is excluded",
    replace="ge=0, le=1_000_000",
    by="ge=0, lt=1_000_000",
    caught_by="test_skip_ends",
)
wrong("2.1", "Digits forgotten for the limit", replace="le=100), Digits]", by="le=100)]", caught_by="test_digits_only")
wrong(
    "2.1",
    "Digits forgotten for the skip",
    replace="skip: Annotated[int, Query(ge=0, le=1_000_000), Digits] = 0",
    by="skip: Annotated[int, Query(ge=0, le=1_000_000)] = 0",
    caught_by="test_digits_only",
)
wrong("2.1", "the old default of 100", replace="Digits] = 20", by="Digits] = 100", caught_by="test_defaults")
wrong(
    "2.1",
    "a limit that is too large is cut down silently",
    region="""
    skip: Annotated[int, Query(ge=0, le=1_000_000), Digits] = 0
    limit: Annotated[int, Query(ge=1), Digits] = 20

    def __post_init__(self) -> None:
        object.__setattr__(self, "limit", min(self.limit, 100))
    """,
    caught_by="test_limit_bounds",
)
wrong(
    "2.1",
    "a model of the whole query string, which refuses what it does not know",
    edits=[
        (
            "from dataclasses import dataclass\nfrom typing import Annotated\n\nfrom fastapi import Depends, Query\n",
            "from typing import Annotated\n\nfrom fastapi import Query\nfrom pydantic import BaseModel\n",
        ),
        ("@dataclass(frozen=True)\nclass PageParams:", 'class PageParams(BaseModel, extra="forbid"):'),
        ("Depends()", "Query()"),
    ],
    caught_by="test_beside_other_parameters",
)
right(
    "2.1",
    "bounds without their ends",
    region="""
    skip: Annotated[int, Digits, Query(gt=-1, lt=1_000_001)] = 0
    limit: Annotated[int, Digits, Query(gt=0, lt=101)] = 20
    """,
)
right(
    "2.1",
    "a function as the dependency",
    cell='''
"""Which part of a list a client asks for."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query
from pydantic import Field

from course_app.schemas.fields import Digits


@dataclass(frozen=True)
class PageParams:
    """A page."""

    skip: int = 0
    limit: int = 20


async def read_page(
    skip: Annotated[int, Query(), Field(ge=0, le=1_000_000), Digits] = 0,
    limit: Annotated[int, Query(), Field(ge=1, le=100), Digits] = 20,
) -> PageParams:
    """Read a page from the query string."""
    return PageParams(skip, limit)


PageDep = Annotated[PageParams, Depends(read_page)]
''',
)

# 2.2

wrong(
    "2.2",
    "every minus is stripped",
    replace='value.removeprefix("-")',
    by='value.lstrip("-")',
    caught_by="test_form",
)
wrong(
    "2.2",
    "spaces are stripped",
    replace='value.removeprefix("-")',
    by='value.strip().removeprefix("-")',
    caught_by="test_form",
)
wrong(
    "2.2",
    "the case is ignored",
    replace='value.removeprefix("-")',
    by='value.removeprefix("-").lower()',
    caught_by="test_form",
)
wrong(
    "2.2",
    "a part of a field's name is enough",
    replace="if field not in allowed:",
    by="if not any(field in name for name in allowed):",
    caught_by="test_form",
)
wrong(
    "2.2",
    "a denylist of secret fields",
    replace="if field not in allowed:",
    by='if field in ("hashed_password", "key", ""):',
    caught_by="test_whitelist",
)
wrong(
    "2.2",
    "an unknown field sorts by id",
    replace='        raise ValueError("not a field to sort by")',
    by="        return Order()",
    caught_by="test_whitelist",
)
wrong(
    "2.2",
    "an unknown field raises KeyError",
    replace='raise ValueError("not a field to sort by")',
    by="raise KeyError(field)",
    caught_by="test_whitelist",
)
wrong(
    "2.2",
    "the minus is read and forgotten",
    replace='return Order(field, descending=value.startswith("-"))',
    by="return Order(field)",
    caught_by="test_allowed_fields",
)
wrong(
    "2.2",
    "ties by descending id in a descending sort",
    replace="""    by_id = sorted(rows, key=lambda row: row.id)
    return sorted(by_id, key=lambda row: getattr(row, order.field), reverse=order.descending)""",
    by="    return sorted(rows, key=lambda row: (getattr(row, order.field), row.id), reverse=order.descending)",
    caught_by="test_ties",
)
wrong(
    "2.2",
    "ties as they came",
    replace="by_id = sorted(rows, key=lambda row: row.id)",
    by="by_id = list(rows)",
    caught_by="test_ties",
)
wrong(
    "2.2",
    "the sorted list is reversed, ties too",
    replace="return sorted(by_id, key=lambda row: getattr(row, order.field), reverse=order.descending)",
    by="ascending = sorted(by_id, key=lambda row: getattr(row, order.field))\n"
    "    return ascending[::-1] if order.descending else ascending",
    caught_by="test_ties",
)
wrong(
    "2.2",
    "the caller's list is sorted",
    replace="""    by_id = sorted(rows, key=lambda row: row.id)
    return sorted(by_id, key=lambda row: getattr(row, order.field), reverse=order.descending)""",
    by="""    rows.sort(key=lambda row: row.id)
    rows.sort(key=lambda row: getattr(row, order.field), reverse=order.descending)
    return rows""",
    caught_by="test_input_is_kept",
)
wrong(
    "2.2",
    "values compare as texts",
    replace="key=lambda row: getattr(row, order.field), reverse",
    by="key=lambda row: str(getattr(row, order.field)), reverse",
    caught_by="test_ascending_and_descending",
)
wrong(
    "2.2",
    "texts compare under case folding",
    replace="key=lambda row: getattr(row, order.field), reverse",
    by="key=lambda row: getattr(getattr(row, order.field), 'casefold', lambda: getattr(row, order.field))(), reverse",
    caught_by="test_code_points",
)
right(
    "2.2",
    "all permitted values in a dictionary, groups of ties",
    regions=[
        """
        orders = {sign + name: Order(name, sign == "-") for name in allowed for sign in ("", "-")}
        try:
            return orders[value]
        except KeyError:
            raise ValueError("unknown") from None
        """,
        """
        groups: dict[object, list[Row]] = {}
        for row in rows:
            groups.setdefault(getattr(row, order.field), []).append(row)
        values = sorted(groups)
        if order.descending:
            values.reverse()
        return [row for value in values for row in sorted(groups[value], key=lambda row: row.id)]
        """,
    ],
)
right(
    "2.2",
    "slices, and list.sort on a copy",
    regions=[
        """
        descending = value[:1] == "-"
        field = value[1:] if descending else value
        if any(field == name for name in allowed):
            return Order(field=field, descending=descending)
        raise ValueError(f"cannot sort by this, only by {sorted(allowed)}")
        """,
        """
        copy = list(rows)
        copy.sort(key=lambda row: -row.id if order.descending else row.id)
        copy.sort(key=lambda row: getattr(row, order.field))
        return copy[::-1] if order.descending else copy
        """,
    ],
)

# 2.3

wrong(
    "2.3",
    "a replacement of what was sent",
    replace="return body.model_dump()",
    by="return body.model_dump(exclude_unset=True)",
    caught_by="test_replacement_defaults",
)
wrong(
    "2.3",
    "a replacement without nulls",
    replace="return body.model_dump()",
    by="return body.model_dump(exclude_none=True)",
    caught_by="test_replacement_null",
)
wrong(
    "2.3",
    "a replacement in JSON's types",
    replace="return body.model_dump()",
    by='return body.model_dump(mode="json")',
    caught_by="test_replacement_all_sent",
)
wrong(
    "2.3",
    "a replacement without the description",
    replace="return body.model_dump()",
    by='return body.model_dump(include={"name", "price", "quantity"})',
    caught_by="test_replacement_all_sent",
)
wrong(
    "2.3",
    "a patch of everything",
    replace="exclude_unset=True",
    by="",
    caught_by="test_patch_only_what_was_sent",
)
wrong("2.3", "a patch without nulls", replace="exclude_unset=True", by="exclude_none=True", caught_by="test_patch_null")
wrong(
    "2.3",
    "a patch without defaults",
    replace="exclude_unset=True",
    by="exclude_defaults=True",
    caught_by="test_patch_defaults_and_falsy",
)
wrong(
    "2.3",
    "a patch without false and zero",
    replace="return body.model_dump(exclude_unset=True)",
    by="return {name: value for name, value in body.model_dump(exclude_unset=True).items() if value}",
    caught_by="test_patch_defaults_and_falsy",
)
wrong(
    "2.3",
    "the body's own dictionary is handed out",
    replace="return body.model_dump()",
    by="return body.__dict__",
    caught_by="test_new_dictionary",
)
wrong(
    "2.3",
    "a patch in JSON's types",
    replace="exclude_unset=True",
    by='exclude_unset=True, mode="json"',
    caught_by="test_patch_values_and_names",
)
wrong(
    "2.3",
    "a patch by way of JSON",
    edits=[
        ("from typing import Any\n", "import json\nfrom typing import Any\n"),
        (
            "    return body.model_dump(exclude_unset=True)",
            "    sent: dict[str, Any] = json.loads(body.model_dump_json(exclude_unset=True))\n    return sent",
        ),
    ],
    caught_by="test_patch_values_and_names",
)
wrong(
    "2.3",
    "a patch under the names of JSON",
    replace="exclude_unset=True",
    by="exclude_unset=True, by_alias=True",
    caught_by="test_patch_values_and_names",
)
wrong(
    "2.3",
    "a patch for the one model that the chapter has",
    replace="return body.model_dump(exclude_unset=True)",
    by="return body.model_dump(include={'role', 'is_active'}, exclude_unset=True)",
    caught_by="test_patch_null",
)
right(
    "2.3",
    "attributes, by the set of fields that were sent",
    regions=[
        "return {name: getattr(body, name) for name in ItemWrite.model_fields}",
        "return {name: getattr(body, name) for name in body.model_fields_set}",
    ],
)
right(
    "2.3",
    "dict, and the set of fields that were sent",
    regions=[
        "return dict(body)",
        "return {name: value for name, value in body if name in body.model_fields_set}",
    ],
)
right(
    "2.3",
    "field by field",
    regions=[
        """
        return {
            "name": body.name,
            "description": body.description,
            "price": body.price,
            "quantity": body.quantity,
        }
        """,
        "return body.model_dump(include=body.model_fields_set)",
    ],
)

# 2.4

wrong(
    "2.4",
    "200 instead of 201",
    replace='@router.post("", status_code=201, responses',
    by='@router.post("", responses',
    caught_by="test_create",
)
wrong(
    "2.4",
    "no Location",
    replace='    response.headers["Location"] = str(request.app.url_path_for("get_item", item_id=item.id))\n',
    by="",
    caught_by="test_location",
)
wrong(
    "2.4",
    "an absolute Location, made from the client's Host",
    replace='request.app.url_path_for("get_item", item_id=item.id)',
    by='request.url_for("get_item", item_id=item.id)',
    caught_by="test_location",
)
wrong(
    "2.4",
    "Location is the collection",
    replace='str(request.app.url_path_for("get_item", item_id=item.id))',
    by="request.url.path",
    caught_by="test_location",
)
wrong(
    "2.4",
    "204 forgotten",
    replace='@router.delete("/{item_id}", status_code=204, responses',
    by='@router.delete("/{item_id}", responses',
    caught_by="test_delete",
)
wrong(
    "2.4",
    "a delete that hides the unknown id",
    replace="    await items.delete(item_id)",
    by="""    from course_app.core.errors import NotFound

    try:
        await items.delete(item_id)
    except NotFound:
        pass""",
    caught_by="test_unknown",
)
wrong(
    "2.4",
    "a PUT that makes the item",
    replace="    return ok(ItemRead.model_validate(await items.replace(item_id, body)))",
    by="""    from course_app.core.errors import NotFound

    try:
        return ok(ItemRead.model_validate(await items.replace(item_id, body)))
    except NotFound:
        return ok(ItemRead.model_validate(await items.create(body)))""",
    caught_by="test_unknown",
)
wrong(
    "2.4",
    "PATCH instead of PUT",
    replace='@router.put("/{item_id}"',
    by='@router.patch("/{item_id}"',
    caught_by="test_replace",
)
wrong(
    "2.4",
    "a replacement that is not awaited into the store",
    replace="await items.replace(item_id, body)",
    by="await items.get(item_id)",
    caught_by="test_replace",
)
wrong(
    "2.4",
    "errors left to FastAPI's own documentation",
    edits=[
        (
            '@router.get("/{item_id}", responses=errors_of(404, 422))',
            '@router.get("/{item_id}", responses=errors_of(404))',
        ),
    ],
    caught_by="test_documented",
)
wrong(
    "2.4",
    "the 404 of a PUT is not documented",
    replace='@router.put("/{item_id}", responses=errors_of(404, 422))',
    by='@router.put("/{item_id}", responses=errors_of(422))',
    caught_by="test_documented",
)
wrong(
    "2.4",
    "a collection with a slash at its end",
    replace='@router.post("", status',
    by='@router.post("/", status',
    caught_by="test_create",
)
wrong(
    "2.4",
    "the item without the envelope",
    replace="    return ok(ItemRead.model_validate(await items.get(item_id)))",
    by="    item = ItemRead.model_validate(await items.get(item_id))\n"
    "    return Response(item.model_dump_json(), media_type='application/json')",
    caught_by="test_get",
)
wrong(
    "2.4",
    "any integer as an id of a GET",
    replace="async def get_item(item_id: Id,",
    by="async def get_item(item_id: int,",
    caught_by="test_invalid",
)
wrong(
    "2.4",
    "no declared answer, so whatever the service returns goes out",
    edits=[
        ("request: Request, response: Response) -> APIResponse[ItemRead]:", "request: Request, response: Response):"),
        ("    return ok(ItemRead.model_validate(item))", "    return ok(item)"),
    ],
    caught_by="test_documented",
)
wrong(
    "2.4",
    "an envelope of anything",
    replace="async def get_item(item_id: Id, items: ItemsDep) -> APIResponse[ItemRead]:",
    by="async def get_item(item_id: Id, items: ItemsDep) -> APIResponse[dict[str, object]]:",
    caught_by="test_documented",
)
wrong(
    "2.4",
    "every exception becomes a 404",
    replace="    return ok(ItemRead.model_validate(await items.get(item_id)))",
    by="""    from course_app.core.errors import NotFound

    try:
        return ok(ItemRead.model_validate(await items.get(item_id)))
    except Exception:
        raise NotFound("There is no such item.") from None""",
    caught_by="test_unknown",
)
wrong(
    "2.4",
    "the router's 404 in place of the service's",
    replace="    await items.delete(item_id)",
    by="""    from fastapi import HTTPException

    try:
        await items.delete(item_id)
    except Exception:
        raise HTTPException(404, "no such item") from None""",
    caught_by="test_unknown",
)
wrong(
    "2.4",
    "any JSON object as the body of a PUT",
    edits=[
        (
            "async def replace_item(item_id: Id, body: ItemWrite,",
            "async def replace_item(item_id: Id, body: dict[str, str],",
        ),
        (
            "await items.replace(item_id, body)",
            "await items.replace(item_id, ItemWrite.model_construct(**{'quantity': 0, 'description': None} | body))",
        ),
    ],
    caught_by="test_invalid",
)
right(
    "2.4",
    "response models in the decorators",
    regions=[
        '@router.post("", status_code=201, responses=errors_of(422), response_model=APIResponse[ItemRead])',
        """
        item = await items.create(body)
        response.headers["Location"] = str(request.app.url_path_for("get_item", item_id=item.id))
        return ok(item)  # type: ignore[arg-type]
        """,
        '@router.get("/{item_id}", responses=errors_of(404, 422), response_model=APIResponse[ItemRead])',
        """
        item = await items.get(item_id)
        return {"success": True, "data": vars(item)}  # type: ignore[return-value]
        """,
        '@router.put("/{item_id}", responses=errors_of(404, 422), response_model=APIResponse[ItemRead])',
        "return ok(await items.replace(item_id, body))  # type: ignore[arg-type]",
        '@router.delete("/{item_id}", status_code=204, responses=errors_of(404, 422), response_model=None)',
        "return await items.delete(item_id)",
    ],
)
right(
    "2.4",
    "Location put together by hand",
    replace='str(request.app.url_path_for("get_item", item_id=item.id))',
    by='f"/api/v1/items/{item.id}"',
)
right(
    "2.4",
    "Location below the path of the request, response classes, a message",
    edits=[
        ('str(request.app.url_path_for("get_item", item_id=item.id))', 'f"{request.url.path}/{item.id}"'),
        (
            "    return ok(ItemRead.model_validate(item))",
            '    return ok(ItemRead.model_validate(item), message="Created.")',
        ),
        (
            "status_code=204, responses=errors_of(404, 422))",
            "status_code=204, response_class=Response, responses=errors_of(404, 422))",
        ),
    ],
)

# 2.5

wrong(
    "2.5",
    "a shelf for each version",
    edits=[("app.include_router(version_2(shelf))", "app.include_router(version_2([]))")],
    caught_by="test_one_shelf",
)
wrong(
    "2.5",
    "one shelf for all applications",
    replace="    shelf: list[Tool] = []\n    app = FastAPI()",
    by="    shelf: list[Tool] = new_app.__dict__.setdefault('shelf', [])\n    app = FastAPI()",
    caught_by="test_own_shelf",
)
wrong(
    "2.5",
    "version 1 gets the new form too",
    replace="""    async def get_tool(number: int) -> ToolV1:
        tool = find(shelf, number)
        return ToolV1(name=tool.name, price=to_amount(tool.cents))""",
    by="""    async def get_tool(number: int) -> ToolV2:
        tool = find(shelf, number)
        return ToolV2(name=tool.name, price=Money(amount=to_amount(tool.cents), currency="EUR"))""",
    caught_by="test_version_1_is_unchanged",
)
wrong("2.5", "version 1 is not marked", replace="deprecated=True, ", by="", caught_by="test_deprecated_in_openapi")
wrong(
    "2.5",
    "both versions are marked",
    replace="app.include_router(version_2(shelf))",
    by="app.include_router(version_2(shelf), deprecated=True)",
    caught_by="test_deprecated_in_openapi",
)
wrong("2.5", "no announcement", replace=", dependencies=[ANNOUNCED]", by="", caught_by="test_announced")
wrong(
    "2.5",
    "the whole application announces that it is outdated",
    edits=[(", dependencies=[ANNOUNCED]", ""), ("    app = FastAPI()", "    app = FastAPI(dependencies=[ANNOUNCED])")],
    caught_by="test_announced",
)
wrong(
    "2.5",
    "cents are lost",
    replace="Tool(body.name, to_cents(body.price.amount))",
    by="Tool(body.name, int(body.price.amount.partition('.')[0]) * 100)",
    caught_by="test_version_2_alone",
)
wrong(
    "2.5",
    "a float between cents and amount, so that 20.00 becomes 20.0",
    replace="price=Money(amount=to_amount(tool.cents), currency",
    by="price=Money(amount=str(tool.cents / 100), currency",
    caught_by="test_one_shelf",
)
wrong(
    "2.5",
    "an amount with grouped thousands",
    replace="price=Money(amount=to_amount(tool.cents), currency",
    by='price=Money(amount=f"{tool.cents / 100:,.2f}", currency',
    caught_by="test_one_shelf",
)
wrong(
    "2.5",
    "one shelf as a default value",
    edits=[
        ("def new_app() -> FastAPI:", "def new_app(shelf: list[Tool] = []) -> FastAPI:  # noqa: B006"),
        ("    shelf: list[Tool] = []\n    app = FastAPI()", "    app = FastAPI()"),
    ],
    caught_by="test_own_shelf",
)
wrong(
    "2.5",
    "version 2 reads the old form",
    replace="""    async def create_tool(body: ToolV2) -> ToolV2:
        shelf.append(Tool(body.name, to_cents(body.price.amount)))""",
    by="""    async def create_tool(body: ToolV1) -> ToolV2:
        shelf.append(Tool(body.name, to_cents(body.price)))""",
    caught_by="test_version_2_alone",
)
wrong(
    "2.5",
    "numbers start at 0 and count from the end",
    replace="        return shown(find(shelf, number))",
    by="        if number >= len(shelf):\n            raise HTTPException(404)\n        return shown(shelf[number])",
    caught_by="test_version_2_alone",
)
wrong(
    "2.5",
    "number 0 is the last tool",
    replace="        return shown(find(shelf, number))",
    by="        if number > len(shelf):\n            raise HTTPException(404)\n        return shown(shelf[number - 1])",
    caught_by="test_unknown_number",
)
wrong(
    "2.5",
    "200 for a new tool",
    replace="""    @router.post("", status_code=201)
    async def create_tool(body: ToolV2)""",
    by="""    @router.post("")
    async def create_tool(body: ToolV2)""",
    caught_by="test_version_2_alone",
)
right(
    "2.5",
    "a dependency of its own, map, and the body as the answer",
    edits=[
        (
            "app.include_router(version_1(shelf), deprecated=True, dependencies=[ANNOUNCED])",
            "old = version_1(shelf)\n    app.include_router(old, dependencies=[Depends(announce)], deprecated=True)",
        ),
        (
            "    async def list_tools() -> list[ToolV2]:\n        return [shown(tool) for tool in shelf]",
            "    async def list_tools() -> list[ToolV2]:\n        return list(map(shown, shelf))",
        ),
        ("        return shown(shelf[-1])", "        return body"),
    ],
)
right(
    "2.5",
    "everything inline",
    regions=[
        """
        @router.get("", response_model=list[ToolV2])
        async def tools_2():
            return [
                {"name": tool.name, "price": {"amount": to_amount(tool.cents), "currency": "EUR"}} for tool in shelf
            ]

        @router.post("", status_code=201, response_model=ToolV2)
        async def new_tool_2(tool: ToolV2):
            shelf.append(Tool(name=tool.name, cents=to_cents(tool.price.amount)))
            return tool

        @router.get("/{number}", response_model=ToolV2)
        async def tool_2(number: int):
            tool = find(shelf, number)
            return {"name": tool.name, "price": {"amount": to_amount(tool.cents), "currency": "EUR"}}

        """,
        """
        shelf: list[Tool] = []
        outer = APIRouter(dependencies=[ANNOUNCED])
        outer.include_router(version_1(shelf), deprecated=True)
        app = FastAPI(title="Tools")
        app.include_router(version_2(shelf))
        app.include_router(outer)
        return app
        """,
    ],
)

right(
    "2.5",
    "the amount by arithmetic",
    replace="price=Money(amount=to_amount(tool.cents), currency",
    by='price=Money(amount=f"{tool.cents / 100:.2f}", currency',
)
right(
    "2.5",
    "a middleware announces version 1, its errors too",
    edits=[
        (", dependencies=[ANNOUNCED])", ")"),
        (
            "    app.include_router(version_2(shelf))\n",
            """    app.include_router(version_2(shelf))

    @app.middleware("http")
    async def announced(request, call_next):
        response = await call_next(request)
        if request.url.path.startswith("/api/v1/"):
            response.headers.update(ANNOUNCEMENT)
        return response

""",
        ),
    ],
)

# 2.6

wrong(
    "2.6",
    "the first page of the notes, not all",
    replace="q.casefold() in note.text.casefold()]}",
    by="q.casefold() in note.text.casefold()][:100]}",
    caught_by="test_list_and_search",
)
wrong(
    "2.6",
    "the word is required",
    replace='q: str = ""',
    by="q: str",
    caught_by="test_list_and_search",
)
wrong(
    "2.6",
    "texts are stripped",
    replace="Note(id=next(ids), text=body.text)",
    by="Note(id=next(ids), text=body.text.strip())",
    caught_by="test_texts",
)
wrong(
    "2.6",
    "blank texts are refused",
    edits=[
        ("from pydantic import BaseModel, Field", "from pydantic import BaseModel, ConfigDict, Field"),
        (
            "    text: Annotated[str, Field(min_length=1, max_length=200)]",
            "    model_config = ConfigDict(str_strip_whitespace=True)\n\n"
            "    text: Annotated[str, Field(min_length=1, max_length=200)]",
        ),
    ],
    caught_by="test_texts",
)
wrong(
    "2.6",
    "bytes are counted",
    edits=[
        ("        note = Note(id=next(ids)", "        check(body)\n        note = Note(id=next(ids)"),
        (
            "    def find(note_id",
            """    def check(body: Text) -> None:
        if len(body.text.encode()) > 200:
            raise HTTPException(422)

    def find(note_id""",
        ),
    ],
    caught_by="test_texts",
)
wrong(
    "2.6",
    "an unknown note is an error in the body, so a 500",
    replace="            raise HTTPException(404)\n        return notes[note_id]",
    by='            return {"error": "not found"}  # type: ignore[return-value]\n        return notes[note_id]',
    caught_by="test_unknown_note",
)
wrong(
    "2.6",
    "an old command keeps its path and changes its method",
    replace='    @app.delete("/notes/{note_id}", status_code=204)',
    by='    @app.delete("/deleteNote", status_code=204)\n    @app.delete("/notes/{note_id}", status_code=204)',
    caught_by="test_paths",
)
wrong(
    "2.6",
    "200 for a new note",
    replace='@app.post("/notes", status_code=201)',
    by='@app.post("/notes")',
    caught_by="test_post",
)
wrong(
    "2.6",
    "no Location",
    replace='        response.headers["Location"] = f"/notes/{note.id}"\n',
    by="",
    caught_by="test_post",
)
wrong(
    "2.6",
    "ids by counting the notes",
    replace="id=next(ids)",
    by="id=len(notes) + 1",
    caught_by="test_ids_are_never_reused",
)
wrong(
    "2.6",
    "ids by the largest one",
    replace="id=next(ids)",
    by="id=max(notes, default=0) + 1",
    caught_by="test_ids_are_never_reused",
)
wrong(
    "2.6",
    "one counter for all applications",
    edits=[
        ("    ids: Iterator[int] = count(1)\n", ""),
        ("def new_app()", "ids: Iterator[int] = count(1)\n\n\ndef new_app()"),
    ],
    caught_by="test_two_applications",
)
wrong(
    "2.6",
    "lower instead of case folding",
    replace="q.casefold() in note.text.casefold()",
    by="q.lower() in note.text.lower()",
    caught_by="test_list_and_search",
)
wrong(
    "2.6",
    "q is taken for a pattern",
    edits=[
        ("from itertools import count", "import re\nfrom itertools import count"),
        ("if q.casefold() in note.text.casefold()]", "if re.search(q.casefold(), note.text.casefold())]"),
    ],
    caught_by="test_list_and_search",
)
wrong(
    "2.6",
    "a PUT that makes the note",
    replace="""        find(note_id).text = body.text
        return notes[note_id]""",
    by="""        notes[note_id] = Note(id=note_id, text=body.text)
        return notes[note_id]""",
    caught_by="test_unknown_note",
)
wrong(
    "2.6",
    "200 with an error in the body",
    replace="""    async def get_note(note_id: int) -> Note:
        return find(note_id)""",
    by="""    async def get_note(note_id: int) -> Note | dict[str, str]:
        return notes.get(note_id) or {"error": "not found"}""",
    caught_by="test_unknown_note",
)
wrong(
    "2.6",
    "a second DELETE is 204 again",
    replace="        del notes[find(note_id).id]",
    by="        notes.pop(note_id, None)",
    caught_by="test_unknown_note",
)
wrong(
    "2.6",
    "a body after DELETE",
    replace="""    @app.delete("/notes/{note_id}", status_code=204)
    async def delete_note(note_id: int) -> None:
        del notes[find(note_id).id]""",
    by="""    @app.delete("/notes/{note_id}")
    async def delete_note(note_id: int) -> dict[str, bool]:
        del notes[find(note_id).id]
        return {"deleted": True}""",
    caught_by="test_put_and_delete",
)
wrong(
    "2.6", "a redirect for the slash", replace="FastAPI(redirect_slashes=False)", by="FastAPI()", caught_by="test_paths"
)
wrong(
    "2.6",
    "the old path goes on working",
    replace='    @app.get("/notes")\n',
    by='    @app.get("/getNotes")\n    @app.get("/notes")\n',
    caught_by="test_paths",
)
wrong(
    "2.6",
    "the text in the query string",
    edits=[
        ("create_note(body: Text, response", "create_note(text: str, response"),
        ("text=body.text)\n        notes[note.id]", "text=text)\n        notes[note.id]"),
    ],
    caught_by="test_post",
)
wrong(
    "2.6",
    "a replaced note moves to the end",
    replace="""        find(note_id).text = body.text
        return notes[note_id]""",
    by="""        notes[note_id] = Note(id=find(note_id).id, text=body.text)
        notes[note_id] = notes.pop(note_id)
        return notes[note_id]""",
    caught_by="test_list_and_search",
)
wrong(
    "2.6",
    "texts of any length on PUT",
    replace="async def replace_note(note_id: int, body: Text) -> Note:\n        find(note_id).text = body.text",
    by="async def replace_note(note_id: int, body: dict[str, str]) -> Note:\n        find(note_id).text = body['text']",
    caught_by="test_texts",
)
right(
    "2.6",
    "a router, plain dictionaries, a last id",
    region='''
from typing import Any

from fastapi import APIRouter, Body, FastAPI, HTTPException, Response

Words = Body(min_length=1, max_length=200, embed=True)


def new_app() -> FastAPI:
    """Return an application that keeps notes of its own."""
    router = APIRouter(prefix="/notes")
    texts: dict[int, str] = {}
    last = 0

    def shown(note_id: int) -> dict[str, Any]:
        try:
            return {"id": note_id, "text": texts[note_id]}
        except KeyError:
            raise HTTPException(status_code=404) from None

    @router.get("")
    async def all_notes(q: str | None = None) -> dict[str, Any]:
        wanted = (q or "").casefold()
        return {"notes": [shown(note_id) for note_id in sorted(texts) if wanted in texts[note_id].casefold()]}

    @router.post("", status_code=201)
    async def post(response: Response, text: str = Words) -> dict[str, Any]:
        nonlocal last
        last += 1
        texts[last] = text
        response.headers["location"] = f"/notes/{last}"
        return shown(last)

    @router.get("/{note_id}")
    async def get(note_id: int) -> dict[str, Any]:
        return shown(note_id)

    @router.put("/{note_id}")
    async def put(note_id: int, text: str = Words) -> dict[str, Any]:
        shown(note_id)
        texts[note_id] = text
        return shown(note_id)

    @router.delete("/{note_id}", status_code=204)
    async def delete(note_id: int) -> Response:
        shown(note_id)
        del texts[note_id]
        return Response(status_code=204)

    app = FastAPI()
    app.router.redirect_slashes = False
    app.include_router(router)
    return app
    ''',
)
right(
    "2.6",
    "deleted notes stay as gaps in a list",
    edits=[
        ("    notes: dict[int, Note] = {}\n    ids: Iterator[int] = count(1)\n", "    notes: list[Note | None] = []\n"),
        (
            "        if note_id not in notes:\n            raise HTTPException(404)\n        return notes[note_id]",
            "        if not 1 <= note_id <= len(notes) or (note := notes[note_id - 1]) is None:\n"
            "            raise HTTPException(404)\n        return note",
        ),
        ("for note in notes.values() if q.casefold()", "for note in notes if note and q.casefold()"),
        ("id=next(ids)", "id=len(notes) + 1"),
        ("        notes[note.id] = note\n", "        notes.append(note)\n"),
        (
            "        find(note_id).text = body.text\n        return notes[note_id]",
            "        note = find(note_id)\n        note.text = body.text\n        return note",
        ),
        ("        del notes[find(note_id).id]", "        notes[find(note_id).id - 1] = None"),
    ],
)
