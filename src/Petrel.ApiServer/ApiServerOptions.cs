namespace Petrel.ApiServer;

/// <summary>The API server's settings. The defaults are upstream's.</summary>
public sealed record ApiServerOptions
{
    /// <summary>The range that Services' cluster addresses come from (IPv4 CIDR).</summary>
    public string ServiceCidr { get; init; } = "10.96.0.0/12";

    /// <summary>The ports that Services of type NodePort and LoadBalancer get.</summary>
    public (int First, int Last) NodePorts { get; init; } = (30000, 32767);

    /// <summary>How long pods stay bound to a node that is not ready, when they do not say (DefaultTolerationSeconds).</summary>
    public long NotReadyTolerationSeconds { get; init; } = 300;

    /// <summary>How long pods stay bound to an unreachable node, when they do not say.</summary>
    public long UnreachableTolerationSeconds { get; init; } = 300;

    /// <summary>
    /// Whether a new pod's service account must exist. Without the controller that makes default accounts, pods would wait for them in
    /// vain.
    /// </summary>
    public bool RequireServiceAccounts { get; init; }

    /// <summary>
    /// Whether new pods get a volume with their account's token, for nodes that can fill it. Needs <see cref="RequireServiceAccounts"/>.
    /// </summary>
    public bool MountServiceAccountTokens { get; init; }

    /// <summary>Who issues service account tokens; they are for the API itself when they name no other audience.</summary>
    public string ServiceAccountIssuer { get; init; } = "https://kubernetes.default.svc.cluster.local";

    /// <summary>The audiences that the API counts itself among.</summary>
    public IReadOnlyList<string> ApiAudiences => [ServiceAccountIssuer];

    /// <summary>When the program was built, in RFC 3339, for <c>/version</c>; the default says that nobody knows.</summary>
    public string BuildDate { get; init; } = "1970-01-01T00:00:00Z";

    /// <summary>How clients reach the server, for example <c>https://10.0.0.1:6443</c>; empty when that is not known.</summary>
    public string PublicAddress { get; init; } = "";

    /// <summary>How many events of each kind are kept for watches that resume.</summary>
    public int WatchWindow { get; init; } = 8192;

    /// <summary>How often a watch that allows bookmarks gets one.</summary>
    public TimeSpan BookmarkInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>A watch without timeoutSeconds ends after this time, or up to twice as much.</summary>
    public TimeSpan MinWatchTimeout { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>How long a request waits for a resourceVersion that is not committed yet.</summary>
    public TimeSpan FreshnessTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>History older than this is compacted, in steps of a tenth of it.</summary>
    public TimeSpan CompactionInterval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How many revisions are kept at most, however new, once a tenth of <see cref="CompactionInterval"/> has passed.</summary>
    public int HistoryLimit { get; init; } = 50_000;

    /// <summary>Events are deleted when they have not been updated for so long.</summary>
    public TimeSpan EventTtl { get; init; } = TimeSpan.FromHours(1);

    /// <summary>The largest request body, in bytes.</summary>
    public int MaxBodyBytes { get; init; } = 3 * 1024 * 1024;

    /// <summary>
    /// How many small reads run at a time. They take processor time and little else: a few for each core are enough.
    /// </summary>
    public int MaxReadsInFlight { get; init; } = Math.Max(16, 4 * Environment.ProcessorCount);

    /// <summary>
    /// How many seats there are for lists of more than a hundred objects or 100 kB, and for watches that begin with as many. Each takes up
    /// to ten.
    /// </summary>
    public int MaxListSeats { get; init; } = Math.Max(40, 10 * Environment.ProcessorCount);

    /// <summary>How many watches one user may have open, administrators aside; more are answered 429.</summary>
    public int MaxWatchesPerUser { get; init; } = 10_000;

    /// <summary>
    /// How many seats there are for writes. Most writes take one and wait for one commit together; large ones take one for each 100 kB.
    /// </summary>
    public int MaxWritesInFlight { get; init; } = 256;

    /// <summary>How many requests of one user may wait for a concurrency slot; more are answered 429.</summary>
    public int MaxQueuedPerUser { get; init; } = 2000;

    /// <summary>How long a request waits for a concurrency slot before it is answered 429.</summary>
    public TimeSpan QueueTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// How long a request may take until its response is sent, watches and the like aside. Then it is answered 504, and its outcome is
    /// unknown; or the response is cut off.
    /// </summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Whether the default roles and bindings of upstream are created at the start, and reconciled when they were changed.
    /// </summary>
    public bool KeepDefaultRoles { get; init; }

    /// <summary>How often nodes are asked what their containers use, for <c>metrics.k8s.io</c>; zero: never.</summary>
    public TimeSpan UsageInterval { get; init; }

    /// <summary>Whether there is an APIService for each version of each group that is served.</summary>
    public bool KeepApiServices { get; init; }
}
