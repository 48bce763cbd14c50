using Petrel.Model.Api;
using Petrel.Model.Determinism;
using Petrel.Simulation.Execution;

namespace Petrel.Simulation.Network;

/// <summary>
/// The way of one process' requests to the API server: messages take time, get lost, and fail when the server dies. A failure of
/// the link is an <see cref="IOException"/>: the request may have been executed or not.
/// </summary>
public sealed class SimulatedLink(
    SimulatedNetwork network, SimulatedProcess caller, IEntropy entropy, Func<ServerEndpoint?> server) : IApiHandler
{
    /// <inheritdoc/>
    public async ValueTask<ApiResponse> HandleAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        var conditions = network.Conditions;
        await DelayAsync(conditions, cancellationToken);
        if (network.IsPartitioned(caller.Name) || entropy.NextDouble() < conditions.RequestLoss)
        {
            await LoseAsync(conditions, request, "the request was lost", cancellationToken);
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
            if (network.IsPartitioned(caller.Name) || entropy.NextDouble() < conditions.AnswerLoss)
            {
                stop.Request();
                await LoseAsync(conditions, request, "the answer was lost", cancellationToken);
            }
            await DelayAsync(conditions, cancellationToken);
            if (response.Stream is not { } stream)
            {
                gone.Unregister();
                return response;
            }
            return response with { Stream = new LinkStream(network, caller, endpoint, entropy, stream, stop, gone).ReadAsync(cancellationToken) };
        }
        catch
        {
            gone.Unregister();
            throw;
        }
    }

    private static async ValueTask<ApiResponse> CallAsync(
        ServerEndpoint endpoint, ApiRequest request, RequestStop stop, CancellationToken cancellationToken)
    {
        try
        {
            return await endpoint.Process.CallAsync(() => endpoint.Handler.HandleAsync(request, stop.Token));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The server gave the request up, for example because it shuts down.
            throw new IOException($"{request.Method} {request.Path}: connection reset");
        }
    }

    private Task DelayAsync(LinkConditions conditions, CancellationToken cancellationToken) =>
        Task.Delay(LinkStream.Draw(conditions, entropy), caller.Time, cancellationToken);

    private async Task LoseAsync(LinkConditions conditions, ApiRequest request, string what, CancellationToken cancellationToken)
    {
        // A reset arrives at once, silence only after the timeout.
        if (entropy.Next(2) == 0)
        {
            await Task.Delay(conditions.Timeout, caller.Time, cancellationToken);
        }
        throw new IOException($"{request.Method} {request.Path}: {what}");
    }
}
