using Petrel.ApiServer.Composition;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Tests.Admission;

/// <summary>Reads what answers say besides their body.</summary>
internal static class Answers
{
    /// <summary>The texts of the Warning headers.</summary>
    public static string[] Warnings(this ApiResponse response) =>
        [
            .. response
                .Headers.Where(h => h.Key == "Warning")
                .Select(h => h.Value["299 - \"".Length..^1].Replace("\\\"", "\"", StringComparison.Ordinal)),
        ];
}
