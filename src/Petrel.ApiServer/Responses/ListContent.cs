using System.Text;
using Petrel.ApiServer.Objects;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Responses;

/// <summary>
/// The body of a list, which is made while it is sent: a list that its client reads slowly, or never, takes no memory but its objects,
/// which the cache holds anyway.
/// </summary>
internal sealed class ListContent(byte[] start, IReadOnlyList<WireObject> items) : IApiContent
{
    private static readonly ContentBytes Comma = new(","u8.ToArray());
    private static readonly ContentBytes End = new("]}"u8.ToArray());

    /// <inheritdoc/>
    public long Length { get; } = start.Length + End.Length + Math.Max(0, items.Count - 1) + items.Sum(static i => (long)i.Length);

    /// <inheritdoc/>
    public IEnumerable<IContentPart> Parts
    {
        get
        {
            yield return new ContentBytes(start);
            for (var i = 0; i < items.Count; i++)
            {
                if (i > 0)
                {
                    yield return Comma;
                }
                yield return items[i];
            }
            yield return End;
        }
    }

    /// <summary>The members of a list up to its items.</summary>
    public static byte[] Start(string kind, string apiVersion, ListPage page) =>
        Encoding.UTF8.GetBytes(
            $"{{\"kind\":\"{kind}\",\"apiVersion\":\"{apiVersion}\",\"metadata\":{page.Metadata().ToJsonString()},\"items\":["
        );
}
