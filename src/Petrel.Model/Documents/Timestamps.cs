using System.Globalization;

namespace Petrel.Model.Documents;

/// <summary>Formats times as the API does: RFC 3339 in UTC.</summary>
public static class Timestamps
{
    private const string Seconds = "yyyy-MM-dd'T'HH:mm:ss'Z'";
    private const string Microseconds = "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'";

    /// <summary>With seconds, as <c>metav1.Time</c>: <c>2006-01-02T15:04:05Z</c>.</summary>
    public static string ToTimestamp(this DateTimeOffset time) => time.UtcDateTime.ToTimestamp();

    /// <summary>With seconds, as <c>metav1.Time</c>, of a time that is UTC already.</summary>
    public static string ToTimestamp(this DateTime utc) => utc.ToString(Seconds, CultureInfo.InvariantCulture);

    /// <summary>With microseconds, as <c>metav1.MicroTime</c>: <c>2006-01-02T15:04:05.000000Z</c>.</summary>
    public static string ToMicroTimestamp(this DateTimeOffset time) => time.UtcDateTime.ToMicroTimestamp();

    /// <summary>With microseconds, as <c>metav1.MicroTime</c>, of a time that is UTC already.</summary>
    public static string ToMicroTimestamp(this DateTime utc) => utc.ToString(Microseconds, CultureInfo.InvariantCulture);
}
