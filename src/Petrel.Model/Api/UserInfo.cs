namespace Petrel.Model.Api;

/// <summary>The authenticated user of a request (upstream: user.Info).</summary>
public sealed record UserInfo(string Name, IReadOnlyList<string> Groups, string Uid = "")
{
    /// <summary>Members have all permissions: the administrators' group of the cluster's own CA.</summary>
    public const string MastersGroup = "system:masters";

    /// <summary>The group of all nodes' agents; their user names are <c>system:node:NAME</c>.</summary>
    public const string NodesGroup = "system:nodes";

    public const string AuthenticatedGroup = "system:authenticated";
    public const string UnauthenticatedGroup = "system:unauthenticated";

    /// <summary>Additional attributes from authentication: keys in order, each with its values (upstream: user.Info's extra).</summary>
    public IReadOnlyList<KeyValuePair<string, IReadOnlyList<string>>> Extra { get; init; } = [];

    /// <summary>The user of a request without credentials.</summary>
    public static UserInfo Anonymous { get; } = new("system:anonymous", [UnauthenticatedGroup]);

    /// <summary>Whether this user is one of the control plane's own components.</summary>
    public bool IsControlPlane => Name.StartsWith("system:", StringComparison.Ordinal) && Groups.Contains(MastersGroup);

    /// <summary>The user of a controller or the scheduler, which run in the server's process.</summary>
    public static UserInfo ControlPlane(string component) => new($"system:{component}", [MastersGroup, AuthenticatedGroup]);

    /// <summary>The user of the agent on the node <paramref name="nodeName"/>.</summary>
    public static UserInfo Node(string nodeName) => new($"system:node:{nodeName}", [NodesGroup, AuthenticatedGroup]);
}
