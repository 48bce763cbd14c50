using Petrel.Model.Api;
using Petrel.Simulation.Execution;

namespace Petrel.Simulation.Network;

/// <summary>One incarnation of the API server: its process and what answers in it.</summary>
public sealed record ServerEndpoint(SimulatedProcess Process, IApiHandler Handler);
