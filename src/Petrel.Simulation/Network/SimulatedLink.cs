using Petrel.Faults.Links;
using Petrel.Model.Api;
using Petrel.Model.Determinism;
using Petrel.Simulation.Execution;
using Petrel.Simulation.Network.Watches;

namespace Petrel.Simulation.Network;

/// <summary>
/// The way of one process' requests to the API server: messages take time, get lost, overtake each other, arrive twice, and fail when the
/// server dies. A failure of the link is an <see cref="IOException"/>: the request may have been executed or not.
/// </summary>
public sealed class SimulatedLink(SimulatedNetwork network, SimulatedProcess caller, IEntropy entropy, Func<ServerEndpoint?> server)
    : IApiHandler
{
    private readonly LinkEntropy _entropy = new(entropy.NextUInt64());

    /// <inheritdoc/>
    public async ValueTask<ApiResponse> HandleAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        var conditions = network.ConditionsOf(caller.Name);
        var draws = _entropy.ForRequest(caller.Time.GetTimestamp());
        await Task.Delay(WayThere(conditions, draws), caller.Time, cancellationToken);
        if (network.Blocks(caller.Name, LinkDirection.ToServer) || draws.NextDouble() < conditions.RequestLoss)
        {
            await LoseAsync(conditions, draws, request, "the request was lost", cancellationToken);
        }
        if (server() is not { Process.IsAlive: true } endpoint)
        {
            throw new IOException($"{request.Method} {request.Path}: connection refused");
        }
        network.CountRequest();
        var stop = new RequestStop(endpoint.Process);
        using var cancelled = cancellationToken.Register(stop.Request);
        var gone = caller.Killed.Register(stop.Request);
        try
        {
            var response = await CallAsync(endpoint, request, stop, cancellationToken);
            if (conditions.Duplication > 0 && response.Stream is null && draws.NextDouble() < conditions.Duplication)
            {
                response = await RepeatAsync(endpoint, request, response, conditions, draws, cancellationToken);
            }
            if (network.Blocks(caller.Name, LinkDirection.FromServer) || draws.NextDouble() < conditions.AnswerLoss)
            {
                stop.Request();
                await LoseAsync(conditions, draws, request, "the answer was lost", cancellationToken);
            }
            await Task.Delay(LinkStream.Draw(conditions, draws), caller.Time, cancellationToken);
            if (response.Stream is not { } stream)
            {
                gone.Unregister();
                return response;
            }
            var observed = network.Watches is { } watches ? ObservedStream.Begin(watches, caller.ToString(), request) : null;
            return response with
            {
                Stream = new LinkStream(network, caller, endpoint, draws, stream, stop, gone, observed).ReadAsync(cancellationToken),
            };
        }
        catch
        {
            gone.Unregister();
            throw;
        }
    }

    private async ValueTask<ApiResponse> CallAsync(
        ServerEndpoint endpoint,
        ApiRequest request,
        RequestStop stop,
        CancellationToken cancellationToken
    )
    {
        try
        {
            return await endpoint.Process.CallAsync(() =>
            {
                if (network.MarksOrigin)
                {
                    RequestOrigin.Current = caller.ToString();
                }
                return endpoint.Handler.HandleAsync(request, stop.Token);
            });
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The server abandoned the request, for example because it shuts down.
            throw new IOException($"{request.Method} {request.Path}: connection reset");
        }
    }

    // The same message once more, as a transport delivers it that sends again what was not confirmed in time.
    private async ValueTask<ApiResponse> RepeatAsync(
        ServerEndpoint endpoint,
        ApiRequest request,
        ApiResponse first,
        LinkConditions conditions,
        SeededEntropy draws,
        CancellationToken cancellationToken
    )
    {
        var later = conditions.HoldUp * draws.NextDouble();
        if (draws.Next(2) == 0)
        {
            // The second answer is dropped. The repeated request fails on its own, and dies with the server.
            endpoint.Process.Post(_ => _ = ExecuteLaterAsync(endpoint, request, later), null);
            return first;
        }
        await Task.Delay(later, caller.Time, cancellationToken);
        return await CallAsync(endpoint, request, new(endpoint.Process), cancellationToken);
    }

    private static async Task ExecuteLaterAsync(ServerEndpoint endpoint, ApiRequest request, TimeSpan later)
    {
        await Task.Delay(later, endpoint.Process.Time);
        try
        {
            await endpoint.Handler.HandleAsync(request, default);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // A repeated request may fail, as the first one may.
        }
    }

    private static TimeSpan WayThere(LinkConditions conditions, SeededEntropy draws)
    {
        var delay = LinkStream.Draw(conditions, draws);
        return conditions.Reordering > 0 && draws.NextDouble() < conditions.Reordering
            ? delay + (conditions.HoldUp * draws.NextDouble())
            : delay;
    }

    private async Task LoseAsync(
        LinkConditions conditions,
        SeededEntropy draws,
        ApiRequest request,
        string what,
        CancellationToken cancellationToken
    )
    {
        // A reset arrives at once, silence only after the timeout.
        if (draws.Next(2) == 0)
        {
            await Task.Delay(conditions.Timeout, caller.Time, cancellationToken);
        }
        throw new IOException($"{request.Method} {request.Path}: {what}");
    }
}
