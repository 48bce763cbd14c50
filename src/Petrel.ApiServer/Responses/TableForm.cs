using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Objects;
using Petrel.ApiServer.Requests;
using Petrel.ApiServer.Tables;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Responses;

/// <summary>Objects as the Table that a request asks for.</summary>
internal static class TableForm
{
    public static ReadOnlyMemory<byte> Of(ResourceRequest request, ListPage page, DateTimeOffset now, bool withColumns = true) =>
        TableWriter.Write(
            request.Kind,
            page.Items.Select(i => (ReadOnlyMemory<byte>)i.ToArray()),
            new TableOptions
            {
                ResourceVersion = page.Revision.ToString(),
                Continue = page.Continue,
                RemainingItemCount = page.Remaining is > 0 ? page.Remaining : null,
                IncludeObject = Included(request),
                WithColumns = withColumns,
                Now = now,
            }
        );

    public static ReadOnlyMemory<byte> Of(ResourceRequest request, WireObject value, DateTimeOffset now, bool withColumns = true) =>
        Of(request, new ListPage([value], value.Revision, "", null), now, withColumns);

    private static IncludeObject Included(ResourceRequest request)
    {
        var asked = request.Http.QueryValue("includeObject");
        return TableOptions.ReadIncludeObject(asked) ?? throw StatusErrors.BadRequest($"unrecognized includeObject value: \"{asked}\"");
    }
}
