using Petrel.ApiServer.Kinds;

namespace Petrel.ApiServer.Subresources;

/// <summary><c>status</c>: what controllers and agents report, apart from what users ask for.</summary>
internal static class StatusSubresource
{
    public static SubresourceDefinition Definition { get; } =
        new("status", ["get", "patch", "update"]) { BelongsTo = static kind => kind.HasStatus };
}
