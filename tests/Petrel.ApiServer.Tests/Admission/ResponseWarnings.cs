using Petrel.Model.Api;

namespace Petrel.ApiServer.Tests.Admission;

/// <summary>Reads the warnings of a response.</summary>
internal static class ResponseWarnings
{
    /// <summary>The texts of the Warning headers.</summary>
    public static string[] Warnings(this ApiResponse response) =>
        [
            .. response
                .Headers.Where(h => h.Key == "Warning")
                .Select(h => h.Value["299 - \"".Length..^1].Replace("\\\"", "\"", StringComparison.Ordinal)),
        ];
}
