using Petrel.ApiServer.Admission;
using Petrel.ApiServer.Apply;
using Petrel.ApiServer.Authentication;
using Petrel.ApiServer.Authorization;
using Petrel.ApiServer.Caching;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Protection;
using Petrel.ApiServer.ResourceMetrics;
using Petrel.ApiServer.ServerMetrics;
using Petrel.ApiServer.Verbs;
using Petrel.ApiServer.Watching;

namespace Petrel.ApiServer.Composition;

/// <summary>The classes that several rows of the composition share, made once for each server, in the order of their needs.</summary>
internal sealed class ServerComponents
{
    public ServerComponents(ServerParameters parameters)
    {
        Parameters = parameters;
        var (options, store, kinds, caches) = (parameters.Options, parameters.Store, parameters.Kinds, parameters.Caches);
        var (time, entropy) = (parameters.Time, parameters.Entropy);

        Limits = new RequestLimits(options, kinds, new WorkEstimator(kinds, caches, options.MaxBodyBytes), time);
        Revisions = new ResourceVersionWait(options, store, caches, time);

        TokenObjects = new TokenBoundObjects(kinds, caches);
        AccountTokens = parameters.TokenKeys is { } keys ? new ServiceAccountTokens(options, time, entropy, TokenObjects, keys) : null;
        Authenticator = new Authenticator(options, new BootstrapTokens(options, time, TokenObjects), AccountTokens);
        Authorizer = new ClusterAuthorizer(options, caches);
        Admission = new AdmissionChain(AdmissionPlugins.Create(parameters, Authorizer));

        var context = new WriteContext(time, entropy);
        var allocation = new AllocationContext(store, options, entropy);
        var tracking = new FieldTracking(kinds, time);
        Updates = new UpdateEngine(store, context, tracking, allocation, Admission);
        Deletions = new DeleteEngine(store, time, allocation, Admission);

        Get = new GetVerb(caches, time, Revisions);
        List = new ListVerb(store, caches, time, Revisions);
        Watch = new WatchVerb(options, caches, time, entropy, Revisions, Limits);
        Create = new CreateVerb(store, time, context, tracking, allocation, Admission);
        var creation = new CreationRight(Authorizer);
        Update = new UpdateVerb(time, Updates, Create, creation);
        Patch = new PatchVerb(kinds, time, Updates, Create, creation);
        Delete = new DeleteVerb(time, Deletions);
        DeleteCollection = new DeleteCollectionVerb(List, parameters.Caches, Deletions);

        Usage = new UsageCollector(options, caches, time, parameters.Nodes, parameters.Log);
    }

    public ServerParameters Parameters { get; }
    public RequestMetrics Metrics { get; } = new();
    public RequestLimits Limits { get; }
    public ResourceVersionWait Revisions { get; }

    /// <summary>The objects that tokens are bound to.</summary>
    public TokenBoundObjects TokenObjects { get; }

    /// <summary>The tokens of service accounts; null where none are issued (in simulated worlds).</summary>
    public ServiceAccountTokens? AccountTokens { get; }

    public Authenticator Authenticator { get; }
    public ClusterAuthorizer Authorizer { get; }
    public AdmissionChain Admission { get; }
    public UpdateEngine Updates { get; }
    public DeleteEngine Deletions { get; }
    public GetVerb Get { get; }
    public ListVerb List { get; }
    public WatchVerb Watch { get; }
    public CreateVerb Create { get; }
    public UpdateVerb Update { get; }
    public PatchVerb Patch { get; }
    public DeleteVerb Delete { get; }
    public DeleteCollectionVerb DeleteCollection { get; }

    /// <summary>What pods and nodes use.</summary>
    public UsageCollector Usage { get; }
}
