using Tallystick.Storage;

namespace Tallystick.Testing.Simulations;

/// <summary>A tenant's fence and end.</summary>
internal sealed partial class LogModel
{
    private string? _fence;
    private bool _isErasing;

    /// <summary>Takes over a change of the tenant's life that took effect.</summary>
    private void ChangeLife(Commit commit, CommitResult.Committed committed)
    {
        if (commit.Life is TenantChange.Fence fence)
            _fence = fence.Reason;
        if (commit.Life is TenantChange.Unfence)
            _fence = null;
        if (commit.Life is not TenantChange.Erase)
            return;
        _events.Clear();
        _versions.Clear();
        _keys.Clear();
        _checkpoints.Clear();
        _documents.Clear();
        (_isErasing, _fence) = (committed.HasMore, null);
    }

    /// <summary>What is wrong with a change of life, or with a commit that the tenant's state forbids; null if it is allowed.</summary>
    private string? LifeObjection(Commit commit)
    {
        if (_isErasing)
            return commit.Life is TenantChange.Erase ? null : "the tenant is being erased";
        return commit.FencedBy(_fence) is { } refusal ? refusal.ToString() : null;
    }

    /// <summary>Stores the events of another store.</summary>
    private void Adopt(Commit commit)
    {
        foreach (var e in commit.Adopted)
        {
            _versions[e.Stream] = e.Version.Value;
            _events.Add(new ModelEvent(e.Id, e.Stream, e.Version.Value, e.Type, e.Tags));
        }

        foreach (var one in commit.Remembered)
            _keys[one.Key.Value] = one.Result;
    }
}
