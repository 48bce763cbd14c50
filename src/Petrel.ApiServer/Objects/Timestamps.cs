using System.Globalization;
using System.Text.Json.Nodes;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Objects;

/// <summary>Times as metadata writes them.</summary>
internal static class Timestamps
{
    /// <summary>The time now, as metadata writes it.</summary>
    public static string Timestamp(this TimeProvider time) => Timestamp(time.GetUtcNow());

    public static string Timestamp(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
