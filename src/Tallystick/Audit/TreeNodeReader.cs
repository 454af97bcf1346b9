namespace Tallystick.Audit;

/// <summary>
/// Reads the root of a perfect subtree: that of the 2^<paramref name="level"/> leaves that end at position <paramref name="endPosition"/>.
/// </summary>
/// <remarks>
/// A store that keeps each leaf's hash and the nodes it completes (see <see cref="MerkleFrontier.Append"/>) answers this with
/// hash number <paramref name="level"/> of the blob at <paramref name="endPosition"/>.
/// </remarks>
/// <param name="level">0 for a leaf's own hash, up to <see cref="MerkleFrontier.CompletedNodesMax"/>.</param>
/// <param name="endPosition">
/// The position of the subtree's last leaf (the first leaf's is 1): a multiple of 2^<paramref name="level"/>.
/// </param>
/// <param name="cancellationToken">Gives up the read.</param>
/// <returns>The subtree's root.</returns>
public delegate ValueTask<Hash256> TreeNodeReader(int level, long endPosition, CancellationToken cancellationToken);
