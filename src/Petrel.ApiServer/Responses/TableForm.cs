using System.Buffers;
using System.Text.Json;
using Petrel.ApiServer.Caching;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Requests;

namespace Petrel.ApiServer.Responses;

internal static class TableForm
{
    public static ReadOnlyMemory<byte> Of(
        ResourceRequest request,
        IReadOnlyList<WireObject> items,
        long revision,
        string continueToken,
        long? remaining,
        DateTimeOffset now,
        bool withColumns = true) => throw StatusErrors.NotAcceptable(["application/json"]);
}
