using Petrel.ApiServer.Bootstrap;
using Petrel.ApiServer.CustomResources;
using Petrel.ApiServer.Maintenance;
using Petrel.ApiServer.Reconciliation;

namespace Petrel.ApiServer.Composition;

/// <summary>
/// Everything that a server does between requests: owns the loops, starts them in the order of their needs, and waits for their ends.
/// When one loop ends, all end: a server without one of them would serve stale or unbounded data. Failed writes are repeated.
/// </summary>
internal sealed class BackgroundLoops
{
    private readonly ServerParameters _parameters;
    private readonly ServerComponents _components;
    private readonly BackgroundRetry _retry;
    private readonly HistoryCompactor _compactor;
    private readonly EventExpiry _expiry;
    private readonly DefaultRoles _defaultRoles;
    private readonly RoleAggregation _aggregation;
    private readonly ApiServiceRegistration _apiServices;
    private readonly CustomResourceReconciler _customResources;

    public BackgroundLoops(ServerComponents components)
    {
        _components = components;
        _parameters = components.Parameters;
        var (options, store, kinds, caches) = (_parameters.Options, _parameters.Store, _parameters.Kinds, _parameters.Caches);
        var time = _parameters.Time;
        var (create, updates, deletions) = (components.Create, components.Updates, components.Deletions);
        _retry = new BackgroundRetry(time, _parameters.Entropy, _parameters.Log);
        _compactor = new HistoryCompactor(options, store, caches, time, _retry);
        _expiry = new EventExpiry(options, store, caches, time, _retry);
        _defaultRoles = new DefaultRoles(caches, create, updates);
        _aggregation = new RoleAggregation(caches, _retry, updates);
        _apiServices = new ApiServiceRegistration(kinds, caches, _retry, create, updates, deletions);
        _customResources = new CustomResourceReconciler(kinds, caches, time, _retry, updates, deletions, _apiServices.Wake);
    }

    /// <summary>Runs until cancelled or until a loop fails, whose exception it throws.</summary>
    /// <param name="onReady">Called when the caches follow the store and the server's own objects exist.</param>
    /// <param name="cancellationToken">Ends the loops.</param>
    public async Task RunAsync(Action onReady, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var loops = new List<Task>();
        void Start(Func<CancellationToken, Task> loop) => loops.Add(EndTogetherAsync(loop(stop.Token), stop));

        Start(_parameters.Caches.RunAsync);
        Start(_compactor.RunAsync);
        Start(_expiry.RunAsync);
        try
        {
            await _retry.RunAsync("Creating the server's own objects", BootstrapAsync, stop.Token);
            Start(_aggregation.RunAsync);
            if (_parameters.Options.KeepApiServices)
            {
                Start(_apiServices.RunAsync);
            }
            if (_parameters.Options.UsageInterval > TimeSpan.Zero)
            {
                Start(_components.Usage.RunAsync);
            }
            Start(_customResources.RunAsync);
            onReady();
            await Task.WhenAll(loops);
        }
        catch (Exception) when (stop.IsCancellationRequested)
        {
            // What ended the loops is the reason: a loop's exception, or none when the server was asked to stop.
            await Task.WhenAll(loops);
        }
        finally
        {
            stop.Cancel();
        }
    }

    private async ValueTask BootstrapAsync(CancellationToken cancellationToken)
    {
        var (store, kinds, caches) = (_parameters.Store, _parameters.Kinds, _parameters.Caches);
        await caches.WaitUntilCurrentAsync(cancellationToken);
        await new SystemNamespaces(store, kinds, _components.Create).EnsureAsync(cancellationToken);
        await new SystemPriorityClasses(store, kinds, _components.Create).EnsureAsync(cancellationToken);
        await caches.WaitUntilCurrentAsync(cancellationToken);
        await _customResources.StartAsync(cancellationToken);
        if (_parameters.Options.KeepDefaultRoles)
        {
            await _defaultRoles.EnsureAsync(cancellationToken);
            await _aggregation.SettleAsync(cancellationToken);
        }
    }

    private static async Task EndTogetherAsync(Task loop, CancellationTokenSource stop)
    {
        try
        {
            await loop;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return;
        }
        finally
        {
            stop.Cancel();
        }
    }
}
